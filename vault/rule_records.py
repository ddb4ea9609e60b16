"""Which rule set is in force by the database, and the record of it that a process makes when it starts.

The first time, a municipality's folder is what is in force. From then on it is what was activated, whatever
folders a later version of the software brings; only the shared rules always are those of the software.
"""

import enum
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from policies.engine import RuleSet
from vault import standing
from vault.audit import Actor, Event
from vault.ids import new_id
from vault.rulesets import by_path, hold_still, own_texts, shared_texts, store_texts, stored_texts
from vault.standing import Standing
from vault.tables import RuleSetChange
from vault.vault import Vault


class ChangeState(enum.StrEnum):
    """Where a change of rules is."""

    PROPOSED = "proposed"
    IN_FORCE = "in-force"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


VAULT = Actor("process", "vault", "vault")
CAME_ALONG = "Meegekomen met de software. / Came with the software."
SHARED_RENEWED = "De gedeelde regels zijn vernieuwd. / The shared rules were renewed."


def record(vault: Vault, *, now: datetime) -> list[str]:
    """Record at a start what is in force where nothing is yet, and what new shared rules make of it.

    Returns the municipalities whose folder says something else than is in force: it is not followed. Raises
    RuleSetInvalid when what is in force does not go with the shared rules of this version.
    """
    vault.rule_sets.look_again()
    others = []
    for municipality in sorted(vault.rule_sets.municipalities()):
        try:
            with vault.database.transaction() as session:
                row = record_one(vault, session, municipality, now)
        except IntegrityError:
            # Another process started at the same moment, and was first.
            continue
        if differs(vault, row):
            others.append(municipality)
    vault.rule_sets.look_again()
    return others


def record_one(vault: Vault, session: Session, municipality: str, now: datetime) -> RuleSetChange:
    """What is in force for a municipality, recorded now where it was not."""
    current = in_force(session, municipality, lock=True)
    if current is None:
        own, reason = vault.rule_sets.folders[municipality], CAME_ALONG
    else:
        own = own_texts(stored_texts(session, current.digest) or {}, municipality)
        reason = SHARED_RENEWED
    texts = by_path(municipality, own)
    rule_set = RuleSet.parse(municipality, own, shared_texts())
    if current is not None and current.digest == rule_set.digest:
        return current
    if current is not None:
        current.replaced_at = now
        session.flush()
    row = RuleSetChange(
        id=new_id(),
        municipality=municipality,
        digest=store_texts(session, municipality, texts, now=now),
        proposed_at=now,
        reason=reason,
        activated_at=now,
    )
    session.add(row)
    session.flush()
    leaf = {"ruleSet": row.digest, "replaces": current.digest if current else ""}
    standing.append(
        vault, session, Standing(VAULT, "", None), Event.RULES_ACTIVATED, municipality, now, leaf=leaf
    )
    return row


def in_force(session: Session, municipality: str, *, lock: bool = False) -> RuleSetChange | None:
    """What is in force for a municipality; None before the first is recorded.

    With `lock` every change of its rules is locked, in one order: of two who activate at once the second sees
    what the first did.
    """
    query = select(RuleSetChange).where(RuleSetChange.municipality == municipality).order_by(RuleSetChange.id)
    if lock:
        hold_still(session, municipality, changing=True)
        query = query.with_for_update().execution_options(populate_existing=True)
    rows: Sequence[RuleSetChange] = session.scalars(query).all()
    return next((row for row in rows if state_of(row) is ChangeState.IN_FORCE), None)


def state_of(row: RuleSetChange) -> ChangeState:
    """Where this change is."""
    if row.withdrawn_at:
        return ChangeState.WITHDRAWN
    if row.activated_at is None:
        return ChangeState.PROPOSED
    return ChangeState.REPLACED if row.replaced_at else ChangeState.IN_FORCE


def of_folder(vault: Vault, municipality: str) -> str | None:
    """The digest of the rule set that this process found in its folders."""
    return next((one.digest for one in vault.rule_sets if one.municipality == municipality), None)


def differs(vault: Vault, row: RuleSetChange) -> bool:
    """Whether this is in force and the folder says something else."""
    return state_of(row) is ChangeState.IN_FORCE and of_folder(vault, row.municipality) not in (
        None,
        row.digest,
    )
