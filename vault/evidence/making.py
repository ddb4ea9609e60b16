"""Making the evidence of a period: figures first, then the entry that it was made, and only then it is given.

The entry tells the SHA-256 of the evidence's JSON. So whoever holds evidence.json and a proof of that entry
in the log knows that these are the figures that were made then.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from policies.engine import RuleSet
from vault import audit
from vault.audit import Actor, Entry, Event
from vault.evidence import acts, alerting, checking, disposing, governing, handling
from vault.evidence.counting import counted, recordings_watched
from vault.evidence.figures import Figures, Told
from vault.evidence.periods import Period
from vault.evidence.requirements import Requirement, requirements
from vault.ids import EntryId
from vault.vault import Vault

VERSION = 1


class PeriodToCome(Exception):
    """The period has not begun yet, so there is nothing to tell of it."""


class EvidenceTold(Told):
    """The whole of evidence.json."""

    version: int
    municipality: str
    name: str
    period: str
    since: datetime
    until: datetime
    """The first moment after the period."""
    made_at: datetime
    """Figures end here when it is before `until`."""
    rule_set: str
    """SHA-256 of the rule set in force when it was made: titles, terms and records are of that one."""
    requirements: list[Requirement]
    figures: Figures


@dataclass(frozen=True)
class Evidence:
    """What was made, the bytes of its JSON, and the entry that tells of it."""

    told: EvidenceTold
    json: bytes
    sha256: str
    entry: EntryId
    rule_set: RuleSet
    period: Period


def make(vault: Vault, by: Actor, municipality: str, period: Period, *, now: datetime) -> Evidence:
    """The evidence of a period of one municipality. Raises RuleSetMissing and PeriodToCome."""
    if period.since > now:
        raise PeriodToCome(period.asked)
    rule_set = vault.rule_sets.of(municipality)
    # 1. the figures, all of one moment
    with vault.database.reading() as session:
        figures = gather(session, rule_set, period, now=now)
    told = EvidenceTold(
        version=VERSION,
        municipality=municipality,
        name=rule_set.terms.name,
        period=period.asked,
        since=period.since,
        until=period.until,
        made_at=now,
        rule_set=rule_set.digest,
        requirements=list(requirements()),
        figures=figures,
    )
    written = (told.model_dump_json(by_alias=True, indent=2) + "\n").encode()
    digest = hashlib.sha256(written).hexdigest()
    # 2. the entry; after its commit the evidence may be given
    with vault.database.transaction() as session:
        facts: dict[str, str | int | bool] = {"period": period.asked, "sha256": digest}
        entry = Entry(
            event=Event.EVIDENCE_MADE,
            at=now,
            actor=by,
            municipality=municipality,
            rule_set=rule_set.digest,
            facts=facts,
        )
        entry_id = audit.append(session, vault.ring, entry)
    return Evidence(told, written, digest, entry_id, rule_set, period)


def gather(session: Session, rule_set: RuleSet, period: Period, *, now: datetime) -> Figures:
    """All figures of one municipality and period, as they are in the database."""
    municipality, terms = rule_set.municipality, rule_set.terms
    found = counted(session, municipality, period)
    return Figures(
        records=governing.records(terms),
        purposes=acts.purposes(found, recordings_watched(session, municipality, period), terms),
        counts=acts.counts(found),
        denials=acts.denials(found, rule_set),
        requests=handling.requests(session, municipality, period),
        grants=handling.grants(session, municipality, period, terms, found),
        terms=handling.terms(session, municipality, period, found, now),
        disposals=disposing.disposals(session, municipality, period, found, now),
        rule_changes=governing.rule_changes(session, municipality, period),
        integrity=checking.integrity(session, municipality, period, found),
        rights=governing.rights(session, municipality, found),
        signals=alerting.signals(session, rule_set, period),
    )
