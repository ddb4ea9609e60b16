"""The log read on: what is found in real acts, once, whatever is read again or in between."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import delete, select, update

from console.demo import town
from policies.signals.happening import WATCHED
from tests.installation import Installation
from tests.ruling import ONE, OTHER, REASON
from tests.vault.signals.days import approved_at_once, look, now, raised, sightings
from tests.watching import choosing, entries, footage, granted, keep, payload_of, wish
from vault import grants, rule_changes
from vault.audit import Event
from vault.completions import Completions
from vault.log.tables import LogReader
from vault.requests import ask, decide
from vault.signals import finding, memory
from vault.signals.tables import SignalEntry, SignalSighting
from vault.tables import AuditEntry, AuditPayload
from vault.viewing import Viewing, Watching


def kinds(made: Installation) -> list[str]:
    return [row.kind for row in raised(made)]


def entries_of(made: Installation, signal: object) -> list[AuditEntry]:
    with made.vault.database.reading() as session:
        return list(
            session.scalars(
                select(AuditEntry)
                .join(SignalEntry, SignalEntry.entry_id == AuditEntry.id)
                .where(SignalEntry.signal_id == signal)
                .order_by(SignalEntry.place)
            )
        )


def test_what_is_found_is_a_row_and_an_entry(installation: Installation) -> None:
    approved_at_once(installation)
    assert raised(installation) == []
    assert look(installation) >= 1
    [row] = raised(installation)
    assert (row.kind, row.municipality_id) == ("approved-within-seconds", town.SLUG)
    assert row.figures == {"after": 4, "within": 10}
    assert row.settled_at is None
    about = [each.event for each in entries_of(installation, row.id)]
    assert about == [Event.REQUEST_SUBMITTED, Event.REQUEST_APPROVED]
    [entry] = [each for each in entries(installation, Event.SIGNAL_RAISED) if each.id == row.raised_in]
    assert json.loads(entry.leaf)["facts"] == {"signal": "approved-within-seconds"}
    payload = payload_of(installation, entry)
    assert payload["object"] == {"kind": "signal", "id": str(row.id)}
    assert payload["details"]["entries"] == [str(each.id) for each in entries_of(installation, row.id)]
    assert payload["actor"]["kind"] == "process"


def test_nothing_is_found_twice(installation: Installation) -> None:
    approved_at_once(installation)
    look(installation)
    found = len(raised(installation))
    assert look(installation) == 0
    # As after a restore, or a reader that somebody put back: all of the log anew.
    with installation.vault.database.transaction() as session:
        session.execute(delete(SignalSighting))
        session.execute(update(LogReader).where(LogReader.name == finding.READER).values(index=0))
    assert look(installation) == 0
    assert len(raised(installation)) == found == 1


@pytest.mark.parametrize("most", [1, 3, 500])
def test_it_does_not_matter_how_much_is_read_at_once(installation: Installation, most: int) -> None:
    approved_at_once(installation)
    installation.settle()
    while finding.behind(installation.vault) > 0:
        finding.find(installation.vault, now=now(), most=most)
    # What it raised itself is in the log too, and no signal looks at that.
    assert look(installation) == 0
    assert kinds(installation) == ["approved-within-seconds"]


def test_another_purpose_after_a_denial(installation: Installation) -> None:
    recording = keep(installation, footage(1000))
    caller, moment = installation.caller(town.SUPERVISOR), now()
    refused = ask(installation.vault, caller, wish(recording, "opsporing"), now=moment)
    assert refused.state == "refused"
    ask(installation.vault, caller, wish(recording), now=moment + timedelta(minutes=3))
    look(installation)
    [row] = raised(installation)
    assert (row.kind, row.figures["after"]) == ("purpose-tried-after-denial", 180)


def test_another_purpose_after_a_person_refused(installation: Installation) -> None:
    vault, recording, moment = installation.vault, keep(installation, footage(1000)), now()
    caller, decider = installation.caller(town.SUPERVISOR), installation.caller(town.PRIVACY_OFFICER)
    asked = ask(vault, caller, wish(recording), now=moment)
    later = moment + timedelta(minutes=1)
    decide(vault, decider, asked.request, approve=False, reason=REASON, now=later)
    # The same purpose again is no other one, and who refused is not who was refused.
    ask(vault, caller, wish(recording), now=moment + timedelta(minutes=2))
    ask(vault, decider, wish(recording, "opsporing"), now=moment + timedelta(minutes=3))
    look(installation)
    assert kinds(installation) == []
    ask(vault, caller, wish(recording, "aangifte"), now=moment + timedelta(minutes=4))
    look(installation)
    [row] = raised(installation)
    assert (row.kind, row.figures["after"]) == ("purpose-tried-after-denial", 180)
    about = [each.event for each in entries_of(installation, row.id)]
    assert about[0] == Event.REQUEST_REJECTED


def test_a_grant_that_is_not_used_and_one_that_is(installation: Installation) -> None:
    moment = now()
    unused = granted(installation, keep(installation, footage(1000)), now=moment)
    used = granted(installation, keep(installation, footage(1000, seed=2)), now=moment)
    revoked = granted(installation, keep(installation, footage(1000, seed=3)), now=moment)
    watched = Watching(installation.vault).watch(installation.caller(town.SUPERVISOR), used, None, now=moment)
    assert isinstance(watched, Viewing)
    by = installation.caller(town.SUPERVISOR)
    grants.revoke(installation.vault, by, revoked, reason="Not needed any more.", now=moment)
    look(installation)
    assert "grant-not-used" not in kinds(installation)
    later = moment + timedelta(days=4)
    look(installation, later)
    rows = {row.kind: row for row in raised(installation)}
    assert rows["grant-not-used"].figures == {"within": 72 * 3600}
    [entry] = entries_of(installation, rows["grant-not-used"].id)
    assert payload_of(installation, entry)["details"]["grant"] == str(unused)
    # Nobody told what was really sent of what was watched.
    assert "viewing-without-completion" in rows
    assert look(installation, later) == 0


def test_a_viewing_with_its_completion_is_no_signal(installation: Installation) -> None:
    grant = granted(installation, keep(installation, footage(1000)))
    viewing = Watching(installation.vault).watch(installation.caller(town.SUPERVISOR), grant, None, now=now())
    assert isinstance(viewing, Viewing)
    completions = Completions(installation.vault)
    completions.add(viewing, 1000, now())
    completions.close()
    look(installation, now() + timedelta(days=5))
    assert not {"viewing-without-completion", "grant-not-used"} & set(kinds(installation))


def test_watched_shortly_before_disposal(installation: Installation) -> None:
    recorded = now() - timedelta(days=27, hours=12)
    grant = granted(installation, keep(installation, footage(1000), started_at=recorded))
    watching, by = Watching(installation.vault), installation.caller(town.SUPERVISOR)
    for span in ((0, 9), (10, 19)):
        assert isinstance(watching.watch(by, grant, choosing(*span), now=now()), Viewing)
    look(installation)
    rows = [row for row in raised(installation) if row.kind == "viewed-shortly-before-disposal"]
    assert len(rows) == 1
    assert 10 * 3600 < rows[0].figures["left"] <= 13 * 3600


def test_what_waits_for_its_number_is_not_missing_yet(installation: Installation) -> None:
    grant = granted(installation, keep(installation, footage(1000)))
    look(installation)
    viewing = Watching(installation.vault).watch(installation.caller(town.SUPERVISOR), grant, None, now=now())
    assert isinstance(viewing, Viewing)
    # The sequencer stands still: the viewing has no number, and four days pass.
    finding.find(installation.vault, now=now() + timedelta(days=4))
    assert "grant-not-used" not in kinds(installation)
    look(installation, now() + timedelta(days=4))
    assert "grant-not-used" not in kinds(installation)


def test_a_municipality_that_does_not_want_a_signal_has_none(small: Installation) -> None:
    off = "[approved-within-seconds]\noff = true\n"
    texts = {**small.vault.rule_sets.folders[town.SLUG], "signals.toml": off}
    outcome = rule_changes.propose(small.vault, ONE, town.SLUG, texts, reason=REASON, now=now())
    assert outcome.change is not None
    rule_changes.activate(small.vault, OTHER, outcome.change.id, now=now())
    small.vault.rule_sets.look_again()
    approved_at_once(small)
    look(small)
    assert kinds(small) == []


def test_a_payload_that_is_gone_or_damaged_hides_nothing_else(small: Installation) -> None:
    approved_at_once(small)
    approved_at_once(small, after=5)
    submitted = entries(small, Event.REQUEST_SUBMITTED)
    with small.vault.database.transaction() as session:
        session.execute(
            update(AuditPayload).where(AuditPayload.entry_id == submitted[0].id).values(salt=b"x" * 32)
        )
    look(small)
    assert [row.figures["after"] for row in raised(small)] == [5]


def test_what_is_remembered_names_nobody_and_is_forgotten(installation: Installation) -> None:
    approved_at_once(installation)
    look(installation)
    remembered = sightings(installation)
    assert remembered
    told = " ".join(str(vars(row)) for row in [*remembered, *raised(installation)])
    for person in (*installation.town.people.values(), *installation.town.people):
        assert str(person) not in told
    look(installation, now() + timedelta(days=120))
    assert sightings(installation) == []


def test_dying_before_the_commit_finds_it_again(small: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    approved_at_once(small)
    small.settle()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(memory, "forget", die)
        with pytest.raises(KeyboardInterrupt):
            finding.find(small.vault, now=now())
    assert raised(small) == []
    assert entries(small, Event.SIGNAL_RAISED) == []
    look(small)
    assert kinds(small) == ["approved-within-seconds"]


def test_every_event_of_a_pattern_can_be_read() -> None:
    assert {event.value for event in Event} >= WATCHED


def test_two_keepers_at_once_raise_it_once(installation: Installation) -> None:
    approved_at_once(installation)
    installation.settle()
    started = Barrier(2)

    def keeper(_: int) -> int:
        started.wait()
        return finding.find(installation.vault, now=now())

    with ThreadPoolExecutor(2) as keepers:
        list(keepers.map(keeper, range(2)))
    assert kinds(installation) == ["approved-within-seconds"]
    assert finding.behind(installation.vault) <= 0
