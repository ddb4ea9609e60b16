"""Evidence of a known history, on both databases: each figure is the one that was made."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from jsonschema import Draft202012Validator

from console.demo import town
from tests.house.source import ROOT
from tests.installation import MAKER, Installation
from tests.vault.evidence.history import APPRAISAL, PURPOSE, evidence, happen, today
from tests.watching import entries, payload_of
from vault.audit import Event
from vault.evidence.figures import CountTold, PurposeTold
from vault.evidence.making import Evidence, EvidenceTold, PeriodToCome, make
from vault.evidence.periods import parse_period
from vault.rulesets import RuleSetMissing
from vault.tables import AuditEntry

SCHEMA = ROOT / "docs" / "evidence.schema.json"


@pytest.fixture
def made(whole: Installation) -> Evidence:
    happen(whole)
    return evidence(whole)


def purpose(made: Evidence, name: str | None) -> PurposeTold:
    [found] = [each for each in made.told.figures.purposes if each.purpose == name]
    return found


def test_access_by_purpose_and_decision(made: Evidence) -> None:
    told = purpose(made, PURPOSE)
    assert told.title.nl == "Afhandeling van een incident"
    numbers = (told.asked, told.allowed, told.refused, told.approved, told.rejected)
    assert numbers == (4, 0, 0, 2, 1)
    assert (told.ranges_watched, told.recordings_watched, told.watching_denied) == (5, 2, 1)
    appraisal = purpose(made, APPRAISAL)
    assert (appraisal.asked, appraisal.refused, appraisal.title.nl) == (1, 1, APPRAISAL)
    nowhere = purpose(made, None)
    assert (nowhere.asked, nowhere.refused) == (1, 1)
    offered = [each.purpose for each in made.told.figures.purposes]
    assert offered == [*made.rule_set.terms.purposes, APPRAISAL, None]


def test_counts_by_month_event_purpose_and_decision(whole: Installation, made: Evidence) -> None:
    counts = made.told.figures.counts
    served = [each for each in counts if each.event == Event.VIEWING_SERVED]
    month = f"{datetime.now(UTC) + timedelta(hours=4):%Y-%m}"
    assert served == [
        CountTold(month=month, event="viewing.served", purpose=PURPOSE, decision="allow", number=5)
    ]
    # everything of this municipality before the evidence itself, and nothing twice
    of_here = [entry for entry in entries(whole) if entry.municipality_id == town.SLUG]
    assert sum(each.number for each in counts) == len(of_here) - 1 == made.told.figures.integrity.entries


def test_denials_by_rule_with_their_basis(made: Evidence) -> None:
    denials = {each.rule: each for each in made.told.figures.denials}
    assert denials["works-council"].number == 1
    assert "WOR art. 27" in denials["works-council"].basis
    assert denials["works-council"].title.en.startswith("Footage and audit trail")
    assert denials["purpose-not-offered"].number == 1
    assert denials["purpose-unknown"].number == 1
    assert denials["not-the-holder"].number == 1
    numbers = [each.number for each in made.told.figures.denials]
    assert numbers == sorted(numbers, reverse=True)


def test_the_json_fits_its_published_schema(made: Evidence) -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    assert schema == EvidenceTold.model_json_schema(by_alias=True, mode="serialization"), (
        "docs/evidence.schema.json is made of vault/evidence; write it anew"
    )
    written = json.loads(made.json)
    Draft202012Validator(schema).validate(written)
    assert written["figures"]["purposes"][0]["rangesWatched"] == 5
    assert written["madeAt"].endswith("Z")
    assert EvidenceTold.model_validate_json(made.json) == made.told


def test_making_it_is_an_entry_that_tells_its_digest(whole: Installation, made: Evidence) -> None:
    [entry] = entries(whole, Event.EVIDENCE_MADE)
    assert entry.id == made.entry
    leaf = json.loads(entry.leaf)
    assert leaf["facts"] == {"period": made.period.asked, "sha256": hashlib.sha256(made.json).hexdigest()}
    assert (leaf["org"], leaf["op"], leaf["pol"]) == (town.SLUG, "consult", made.rule_set.digest)
    assert payload_of(whole, entry)["actor"]["id"] == MAKER.id


def test_nobody_can_be_told_apart(whole: Installation, made: Evidence) -> None:
    text = made.json.decode()
    secrets = [*map(str, whole.town.people.values()), str(whole.town.camera), str(whole.town.dock)]
    for resident in town.RESIDENTS:
        secrets += [resident.name, resident.subject]
    with whole.vault.database.reading() as session:
        secrets += {actor for (actor,) in session.query(AuditEntry.actor)}
    assert not [secret for secret in secrets if secret in text]


def test_a_period_before_or_of_another_municipality_is_empty(whole: Installation) -> None:
    happen(whole)
    before = evidence(whole, parse_period("2020")).told.figures
    assert (before.counts, before.denials, before.requests.made) == ([], [], 0)
    assert (before.terms.terms_ended, before.integrity.entries) == (0, 0)
    other = make(whole.vault, MAKER, "noordwijk", today(), now=datetime.now(UTC)).told
    assert (other.name, other.figures.counts, other.figures.terms.there_now) == ("Noordwijk", [], 0)


def test_what_cannot_be_told_is_refused(whole: Installation) -> None:
    with pytest.raises(PeriodToCome):
        evidence(whole, parse_period("2999"))
    with pytest.raises(RuleSetMissing):
        make(whole.vault, MAKER, "nergenshuizen", today(), now=datetime.now(UTC))
    assert entries(whole, Event.EVIDENCE_MADE) == []
