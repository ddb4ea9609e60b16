"""`retention overview`: for people in two languages, for programs, and as a document with a picture."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.demo import town
from console.retention import overviews
from policies.retention import UNTIL_RELEASED
from tests.console.conftest import Command
from tests.foreseeing import held, recorded
from tests.installation import Installation
from tests.vault.documents.reading import text
from tests.watching import entries
from vault.audit import Event
from vault.disposal.timetable import day_of

DAY = timedelta(days=1)


@pytest.fixture
def busy(small: Installation) -> Installation:
    """A house with something due in two days and in five, and something held."""
    now = datetime.now(UTC)
    for days in (2, 2, 5):
        recorded(small, now - (28 - days) * DAY, due=now + days * DAY)
    held(small, recorded(small, now - DAY, due=UNTIL_RELEASED), now - DAY)
    return small


def test_for_people(busy: Installation, command: Command) -> None:
    settings = busy.environment("vault")
    dutch = command("retention", "overview", town.SLUG, settings=settings)
    assert dutch.code == 0, dutch.err
    due = day_of(datetime.now(UTC) + 2 * DAY)
    lines = dutch.out.splitlines()
    assert "te laat: 0 (moet nul zijn)" in lines
    assert f"  {due:%d-%m-%Y}  2  {'█' * 40}" in lines
    assert f"  {due + 3 * DAY:%d-%m-%Y}  1  {'█' * 20}" in lines
    assert "vastgehouden: 1 opnamen" in lines
    assert any(line.startswith("  een klacht: 1, sinds ") for line in lines)
    english = command("retention", "overview", town.SLUG, "--language", "en", settings=settings)
    assert any(line.startswith("  a complaint: 1, since ") for line in english.out.splitlines())
    assert len(entries(busy, Event.RETENTION_READ)) == 2


def test_what_is_overdue_is_an_exit_code(busy: Installation, command: Command) -> None:
    recorded(busy, datetime.now(UTC) - 40 * DAY)
    said = command("retention", "overview", town.SLUG, settings=busy.environment("vault"))
    assert (said.code, "te laat: 1 (moet nul zijn)" in said.out) == (1, True)


def test_for_programs(busy: Installation, command: Command) -> None:
    said = command("retention", "overview", town.SLUG, "--json", settings=busy.environment("vault"))
    told = json.loads(said.out)
    assert [day["recordings"] for day in told["days"]] == [2, 1]
    assert (told["overdue"], told["heldRecordings"], told["termDays"]) == (0, 1, 28)
    assert told["held"][0]["trigger"] == "complaint"
    assert told["held"][0]["since"].endswith("Z")


@pytest.mark.parametrize(
    ("language", "title"), [("nl", "Wat wanneer wordt vernietigd"), ("en", "What is due when")]
)
def test_as_a_document(
    busy: Installation, command: Command, tmp_path: Path, language: str, title: str
) -> None:
    file = tmp_path / "overview.pdf"
    arguments = ("retention", "overview", town.SLUG, "--pdf", file, "--language", language)
    said = command(*arguments, settings=busy.environment("vault"))
    assert (said.code, said.out) == (0, "")
    written = file.read_bytes()
    assert written.startswith(b"%PDF")
    told = text(written)
    due = day_of(datetime.now(UTC) + 2 * DAY)
    for expected in (title, "Voorbeeldstad", f"{due:%d-%m-%Y}", busy.vault.rule_sets.of(town.SLUG).digest):
        assert expected in told


def test_an_empty_house_has_a_document_too(small: Installation, command: Command, tmp_path: Path) -> None:
    file = tmp_path / "overview.pdf"
    settings = small.environment("vault")
    assert command("retention", "overview", town.SLUG, "--pdf", file, settings=settings).code == 0
    assert "Niets wordt vastgehouden." in text(file.read_bytes())
    assert "  niets" in command("retention", "overview", town.SLUG, settings=settings).out.splitlines()


def test_of_nowhere(small: Installation, command: Command) -> None:
    said = command("retention", "overview", "atlantis", settings=small.environment("vault"))
    assert said.code == 2


def test_both_languages_say_all() -> None:
    assert all(words.nl != words.en for words in overviews.WORDS.values())
