"""Who may read the log, by whose rules, and that each reader is in the trail."""

from datetime import UTC, datetime, timedelta

import pytest

from console.demo import town
from tests.installation import MAKER, Installation
from tests.watching import entries, payload_of
from vault import facts
from vault.audit import Event
from vault.ids import PersonId, new_id
from vault.log.access import ACCOUNTED, LogAccess
from vault.registry import Registrar
from vault.vault import Caller

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def registered(installation: Installation, name: str, roles: dict[str, str]) -> Caller:
    """Somebody new, with a role in each of these municipalities."""
    registrar = Registrar(installation.vault.database, installation.vault.ring, MAKER)
    person = registrar.person("https://login.example", name, name, now=NOW)
    for municipality, role in roles.items():
        if municipality != town.SLUG:
            registrar.municipality(municipality, municipality, now=NOW)
        registrar.assign(person, municipality, role, now=NOW)
    return Caller(PersonId(person), name)


def test_one_entry_accounts_for_an_hour(installation: Installation) -> None:
    access, caller = LogAccess(installation.vault), installation.caller(town.PRIVACY_OFFICER)
    for minutes, number in ((0, 1), (30, 1), (59, 1), (60, 2), (61, 2), (120, 3)):
        assert access.ask(caller, now=NOW + timedelta(minutes=minutes)).permitted
        assert len(entries(installation, Event.LOG_READ)) == number
    assert timedelta(hours=1) == ACCOUNTED


def test_each_caller_and_each_process_has_its_own(installation: Installation) -> None:
    auditor = registered(installation, "auditor", {town.SLUG: "auditor"})
    one, other = LogAccess(installation.vault), LogAccess(installation.vault)
    one.ask(auditor, now=NOW)
    one.ask(installation.caller(town.PRIVACY_OFFICER), now=NOW)
    other.ask(auditor, now=NOW)
    names = [
        payload_of(installation, entry)["actor"]["name"] for entry in entries(installation, Event.LOG_READ)
    ]
    assert names == ["auditor", town.PRIVACY_OFFICER.name, "auditor"]


def test_every_denial_is_an_entry(installation: Installation) -> None:
    access, caller = LogAccess(installation.vault), installation.caller(town.SUPERVISOR)
    for _ in range(2):
        decision = access.ask(caller, now=NOW)
        assert [rule.id for rule in decision.reasons] == ["log-for-oversight-only"]
    assert len(entries(installation, Event.LOG_DENIED)) == 2
    assert entries(installation, Event.LOG_READ) == []


def test_the_rules_are_asked_within_the_hour_too(small: Installation) -> None:
    auditor = registered(small, "auditor", {town.SLUG: "auditor"})
    access = LogAccess(small.vault)
    assert access.ask(auditor, now=NOW).permitted
    registrar = Registrar(small.vault.database, small.vault.ring, MAKER)
    registrar.withdraw(auditor.id, town.SLUG, "auditor", now=NOW)
    assert not access.ask(auditor, now=NOW).permitted
    assert len(entries(small, Event.LOG_DENIED)) == 1


def test_one_municipality_that_lets_them_is_enough(small: Installation) -> None:
    caller = registered(small, "both", {"den-helder": "officer", town.SLUG: "auditor"})
    assert LogAccess(small.vault).ask(caller, now=NOW).permitted
    [entry] = entries(small, Event.LOG_READ)
    assert entry.municipality_id == town.SLUG


def test_whoever_has_no_role_is_denied(small: Installation) -> None:
    caller = registered(small, "nobody", {})
    decision = LogAccess(small.vault).ask(caller, now=NOW)
    assert not decision.permitted
    assert len(entries(small, Event.LOG_DENIED)) == 1


def test_whom_nobody_registered_is_unknown(small: Installation) -> None:
    with pytest.raises(facts.Unknown):
        LogAccess(small.vault).ask(Caller(PersonId(new_id()), "nobody"), now=NOW)
