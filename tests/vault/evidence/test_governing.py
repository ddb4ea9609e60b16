"""Legal records, changes of rules, roles."""

from datetime import UTC, date, datetime, timedelta

from console.demo import town
from tests.installation import MAKER, Installation
from tests.vault.evidence.history import evidence
from vault import rule_changes
from vault.audit import Actor
from vault.evidence.periods import parse_period
from vault.registry import Registrar

OTHER = Actor("operator", "other", "other", ("functional-administrator",))


def test_the_legal_records_are_told_or_missed(whole: Installation) -> None:
    dpia, works_council, notice = evidence(whole).told.figures.records
    assert (dpia.record, dpia.title, dpia.date) == ("dpia", "DPIA Bodycams Voorbeeldstad", date(2026, 1, 12))
    assert (works_council.reference, notice.record) == ("OR-2026-017", "citizen-notice")


def test_changes_of_rules_are_told_by_two_persons(whole: Installation) -> None:
    own = dict(whole.vault.rule_sets.folders[town.SLUG])
    own["terms.toml"] = own["terms.toml"].replace("term_days = 28", "term_days = 21")
    now = datetime.now(UTC)
    proposed = rule_changes.propose(whole.vault, MAKER, town.SLUG, own, reason="Shorter.", now=now)
    assert proposed.change
    told = evidence(whole).told.figures.rule_changes
    assert [(each.activated_at, each.two_persons) for each in told if each.proposed_by] == [(None, True)]
    person = whole.caller(town.PRIVACY_OFFICER)
    later = now + timedelta(minutes=1)
    assert rule_changes.activate(whole.vault, person, proposed.change.id, now=later).change
    [found] = [each for each in evidence(whole).told.figures.rule_changes if each.activated_by]
    assert (found.proposed_by, found.activated_by, found.two_persons) == ("operator", "person", True)
    assert (found.digest, found.activated_at) == (proposed.change.digest, later)
    assert evidence(whole, parse_period("2020")).told.figures.rule_changes == []


def test_roles_are_counted_and_those_of_leavers_stand_out(whole: Installation) -> None:
    registrar = Registrar(whole.vault.database, whole.vault.ring, MAKER)
    now = datetime.now(UTC)
    supervisor = whole.town.people[town.SUPERVISOR.subject]
    registrar.assign(supervisor, town.SLUG, "supervisor", team="west", now=now)
    told = evidence(whole).told.figures.rights
    roles = {each.role: each.persons for each in told.roles}
    assert roles == {"functional-administrator": 1, "officer": 1, "privacy-officer": 1, "supervisor": 1}
    assert (told.of_persons_who_left, told.assigned, told.withdrawn) == (0, 5, 0)
    registrar.withdraw(supervisor, town.SLUG, "supervisor", team="west", now=now)
    registrar.deactivate_person(supervisor, now=now)
    told = evidence(whole).told.figures.rights
    assert "supervisor" not in {each.role for each in told.roles}
    assert (told.of_persons_who_left, told.withdrawn) == (1, 1)
