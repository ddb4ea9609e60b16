"""`retention coming`: what will be taken and what will not, each with its reason; nothing changes by it."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from console.demo import town
from console.retention import coming
from policies.retention import UNTIL_RELEASED, days_later
from tests.console.conftest import Command
from tests.foreseeing import held, recorded
from tests.installation import Installation
from tests.vault.disposal.test_foresight import disposing
from tests.watching import entries
from vault.audit import Event
from vault.disposal.timetable import day_of

DAY = timedelta(days=1)


def test_each_with_its_reason(small: Installation, command: Command) -> None:
    now = datetime.now(UTC)
    own = recorded(small, now - 28 * DAY + timedelta(minutes=9))
    lifted = now - 20 * DAY
    after = recorded(small, now - 60 * DAY, due=days_later(lifted, 20))
    held(small, after, now - 50 * DAY, trigger="demand", lifted_at=lifted, days_after=20)
    stays = recorded(small, now - 30 * DAY, due=UNTIL_RELEASED)
    held(small, stays, now - 29 * DAY)
    later = recorded(small, now - 3 * DAY)
    disposing(small, datetime(2026, 12, 31, 11, 0, tzinfo=UTC))
    settings = small.environment("vault")
    dutch = command("retention", "coming", town.SLUG, settings=settings)
    assert dutch.code == 0, dutch.err
    said = {line.split()[0]: line for line in dutch.out.splitlines() if line.startswith("  ")}
    assert said[str(own)].endswith("avg: termijn van 28 dagen om")
    assert said[str(after)].endswith("avg: termijn na een vordering van OM of politie om")
    assert said[str(stays)].endswith("-                 avg: blijft: een klacht")
    assert str(later) not in dutch.out
    assert "8999" not in dutch.out
    [begun] = [line for line in dutch.out.splitlines() if "opslag op slot tot 31-12-2026 12:00" in line]
    assert "termijn om, begon 22-11-2026 13:00" in begun
    rules = small.vault.rule_sets.of(town.SLUG).digest[:16]
    assert dutch.out.splitlines()[-1] == f"Regels: {rules}. Er is niets gewijzigd."
    english = command("retention", "coming", town.SLUG, "--language", "en", settings=settings)
    assert "avg: term after a demand by prosecutor or police over" in english.out
    assert entries(small, Event.RECORDING_DISPOSING) == []


def test_up_to_and_including_a_day(small: Installation, command: Command) -> None:
    due = datetime.now(UTC) + 3 * DAY
    recording = recorded(small, due - 28 * DAY, due=due)
    settings = small.environment("vault")
    for day, there in ((day_of(due) - DAY, False), (day_of(due), True)):
        said = command("retention", "coming", town.SLUG, "--until", day.isoformat(), settings=settings)
        assert (str(recording) in said.out) is there


def test_for_programs_page_after_page(
    small: Installation, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coming, "AT_ONCE", 2)
    now = datetime.now(UTC)
    due = [recorded(small, now - (40 - number) * DAY) for number in range(5)]
    disposing(small, None)
    said = command("retention", "coming", town.SLUG, "--json", settings=small.environment("vault"))
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert [line["recording"] for line in lines if line["part"] == "due"] == [str(each) for each in due]
    assert all(line["taken"] and line["because"] == "term-over" for line in lines[:5])
    assert lines[0]["ruleSet"] == small.vault.rule_sets.of(town.SLUG).digest
    assert lines[-1]["part"] == "unfinished"


def test_an_empty_house(small: Installation, command: Command) -> None:
    said = command("retention", "coming", town.SLUG, settings=small.environment("vault"))
    assert said.out.splitlines().count("  niets") == 3
