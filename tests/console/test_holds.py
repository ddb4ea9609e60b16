"""``bodycam-vault hold …`` and ``regime``: what an operator does, and what they are told."""

from datetime import timedelta

from sqlalchemy import update

from console.demo import town
from console.holds import until
from policies.retention import AMSTERDAM, UNTIL_RELEASED
from tests.console.conftest import Command
from tests.installation import Installation
from tests.vault.holds.holding import held, is_held, kept, now
from tests.watching import entries, payload_of, row_of
from vault.audit import Event
from vault.holds.tables import Hold
from vault.ids import new_id

WHY = ("--reason", "A complaint was filed at the desk.", "--basis", "Awb art. 9:11")


def test_a_hold_from_beginning_to_end(small: Installation, command: Command) -> None:
    settings, recording = small.environment("vault"), kept(small, days_ago=20)
    placed = command("hold", "place", recording, "complaint", *WHY, "--case", "KL-3", settings=settings)
    assert placed.code == 0, placed.err
    hold = placed.out.strip()
    assert is_held(small, recording)
    listed = command("hold", "list", town.SLUG, settings=settings)
    assert (hold in listed.out, str(recording) in listed.out, "KL-3" in listed.out) == (True,) * 3
    assert command("hold", "review", hold, "--reason", "Not settled yet.", settings=settings).code == 0
    lifted = command("hold", "lift", hold, "settled", "--reason", "Settled by letter.", settings=settings)
    assert lifted.out.strip() == until(row_of(small, recording).dispose_after)
    assert command("hold", "list", town.SLUG, settings=settings).out == ""
    history = command("hold", "list", "--recording", recording, settings=settings)
    assert "(settled)" in history.out
    actors = [payload_of(small, each)["actor"]["kind"] for each in entries(small, Event.HOLD_PLACED)]
    assert actors == ["operator"]


def test_reminders_by_the_setting(small: Installation, command: Command) -> None:
    settings, hold = small.environment("vault"), held(small, kept(small))
    assert command("hold", "reminders", town.SLUG, settings=settings).out == ""
    with small.vault.database.transaction() as session:
        session.execute(update(Hold).values(reviewed_at=now() - timedelta(days=8)))
    assert command("hold", "reminders", town.SLUG, settings=settings).out == ""
    sooner = {**settings, "BODYCAM_HOLD_REVIEW_DAYS": "7"}
    assert str(hold.id) in command("hold", "reminders", town.SLUG, settings=sooner).out


def test_refusals_are_one_line_that_says_what_to_do(small: Installation, command: Command) -> None:
    settings, recording = small.environment("vault"), kept(small)
    said = command("hold", "place", recording, "demand", *WHY, settings=settings)
    assert said.code == 2
    assert said.err.startswith("demand is no reason to hold here; those are: complaint, criminal-complaint")
    assert command("hold", "lift", new_id(), "settled", "--reason", "It was.", settings=settings).code == 2
    assert command("hold", "list", settings=settings).code == 2
    assert command("regime", recording, "other", "--reason", "A reason.", settings=settings).code == 2


def test_the_regime(small: Installation, command: Command) -> None:
    settings, recording = small.environment("vault"), kept(small)
    said = command("regime", recording, "wpg", "--reason", "Somebody was caught.", settings=settings)
    assert said.out.strip() == until(row_of(small, recording).dispose_after)
    assert row_of(small, recording).regime == "wpg"
    again = command("regime", recording, "avg", "--reason", "It was a mistake.", settings=settings)
    assert (again.code, "changes once" in again.err) == (2, True)


def test_until() -> None:
    moment = now()
    assert until(UNTIL_RELEASED) == "held"
    assert until(None) == "-"
    assert until(moment) == f"{moment.astimezone(AMSTERDAM):%d-%m-%Y}"
