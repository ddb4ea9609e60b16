"""A whole installation made by commands alone; and what cannot be registered, told in words."""

from pathlib import Path
from uuid import UUID

import pytest

from console.demo import town
from tests.console.conftest import Command
from tests.docking import key_pair
from tests.installation import Installation
from tests.watching import entries, footage, keep, payload_of
from vault.audit import Event
from vault.facts import person, recording

ISSUER = "https://login.example"

NOBODY = UUID("01980000-0000-7000-8000-00000000000f")


@pytest.fixture
def settings(small: Installation) -> dict[str, str]:
    return small.environment("vault")


@pytest.fixture
def as_published(settings: dict[str, str]) -> dict[str, str]:
    """With the rule sets that come with the software, of which many have no legal records."""
    return {name: value for name, value in settings.items() if name != "BODYCAM_RULE_SETS"}


def test_a_municipality_that_lacks_its_legal_records_is_told_so(
    command: Command, as_published: dict[str, str]
) -> None:
    told = command("register", "municipality", "beverwijk", "Beverwijk", settings=as_published)
    assert (told.code, "takes in no footage; missing: dpia, works-council" in told.out) == (0, True)
    checked = command("check", settings=as_published)
    assert checked.code == 0
    assert "beverwijk takes in no footage; missing: dpia, works-council, citizen-notice" in checked.out
    assert town.SLUG not in checked.out


def test_a_municipality_is_set_up(
    small: Installation, command: Command, settings: dict[str, str], tmp_path: Path
) -> None:
    def do(*arguments: object) -> str:
        said = command("register", *arguments, settings=settings)
        assert said.code == 0, said.err
        return said.out.strip()

    (tmp_path / "dock.pem").write_text(key_pair()[0])
    do("municipality", "noordwijk", "Noordwijk")
    noa = UUID(do("person", ISSUER, "noa", "Noa Visser"))
    do("role", noa, "noordwijk", "officer", "--team", "strand")
    UUID(do("camera", "noordwijk", "NW-1"))
    UUID(do("dock", "noordwijk", "Dock boulevard", tmp_path / "dock.pem"))
    with small.vault.database.reading() as session:
        found = person(session, noa, "noordwijk")
    assert (found.roles, found.teams) == (frozenset({"officer"}), frozenset({"strand"}))
    do("withdraw-role", noa, "noordwijk", "officer", "--team", "strand")
    do("deactivate-person", noa)
    do("deactivate-dock", "Dock boulevard")
    with small.vault.database.reading() as session:
        found = person(session, noa, "noordwijk")
    assert (found.roles, found.active) == (frozenset(), False)
    told = [row.event for row in entries(small)][-8:]
    assert told == [
        "municipality.registered",
        "person.registered",
        "person.assigned",
        "camera.registered",
        "dock.registered",
        "person.withdrawn",
        "person.deactivated",
        "dock.deactivated",
    ]
    actor = payload_of(small, entries(small)[-1])["actor"]
    assert (actor["kind"], actor["roles"]) == ("operator", ["functional-administrator"])
    assert command("check", settings=settings).code == 0


def test_who_is_depicted(small: Installation, command: Command, settings: dict[str, str]) -> None:
    kept = keep(small, footage(1000))
    officer = small.town.people[town.OFFICER.subject]
    assert command("register", "depicted", kept, officer, settings=settings).code == 0
    with small.vault.database.reading() as session:
        assert recording(session, kept).depicted == {officer}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("municipality", town.SLUG, "Twice"), "already"),
        (("municipality", "atlantis", "Atlantis"), "no rule set"),
        (("camera", town.SLUG, town.CAMERA), "already"),
        (("camera", "atlantis", "A-1"), "Nothing with that name"),
        (("role", NOBODY, town.SLUG, "officer"), "Nothing with that name"),
        (("withdraw-role", NOBODY, town.SLUG, "officer"), "Nothing with that name"),
        (("deactivate-person", NOBODY), "Nothing with that name"),
        (("deactivate-dock", "Nowhere"), "Nothing with that name"),
        (("depicted", NOBODY, NOBODY), "Nothing with that name"),
    ],
    ids=str,
)
def test_what_cannot_be_is_told(
    small: Installation,
    command: Command,
    settings: dict[str, str],
    arguments: tuple[object, ...],
    why: str,
) -> None:
    before = len(entries(small))
    said = command("register", *arguments, settings=settings)
    assert (said.code, "Traceback" in said.err) == (2, False)
    assert why in said.err
    assert len(entries(small)) == before


def test_a_dock_needs_a_key_of_the_right_kind(
    small: Installation, command: Command, settings: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "dock.pem").write_text("not a key")
    said = command("register", "dock", town.SLUG, "Dock", tmp_path / "dock.pem", settings=settings)
    assert said.code == 2
    assert "P-256" in said.err
    assert len(entries(small, Event.DOCK_REGISTERED)) == 1


def test_the_ring_of_ingest_registers_nothing(
    small: Installation, command: Command, settings: dict[str, str]
) -> None:
    theirs = {**settings, "BODYCAM_KEYS": str(small.ingest_settings.keys)}
    assert command("register", "camera", town.SLUG, "X-1", settings=theirs).code == 2
