"""Rules changed at the command line: one operator proposes, another activates, and the list tells who."""

import os
from importlib.resources import files
from pathlib import Path
from uuid import UUID

import pytest

from console import registering
from console.demo import town
from console.policy import changing
from tests.console.conftest import Command
from tests.installation import Installation
from tests.ruling import ONE, OTHER, REASON, SHORTER, texts
from tests.watching import entries, payload_of
from vault.audit import Actor, Event
from vault.ids import new_id


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Another regulation for the municipality."""
    made = tmp_path / town.SLUG
    made.mkdir()
    for name, text in texts(SHORTER).items():
        (made / name).write_text(text)
    return made


@pytest.fixture
def at_the_keys(monkeypatch: pytest.MonkeyPatch) -> list[Actor]:
    """Who is at the keyboard: the last of these."""
    there = [ONE]
    monkeypatch.setattr(changing, "operator", lambda: there[-1])
    return there


def test_two_operators_change_the_rules(
    small: Installation, command: Command, folder: Path, at_the_keys: list[Actor]
) -> None:
    settings = small.environment("vault")
    said = command("policy", "propose", folder, "--reason", REASON, settings=settings)
    assert said.code == 0, said.err
    change = UUID(said.out.strip())
    own = command("policy", "activate", change, settings=settings)
    assert own.code == 2
    assert "Nobody activates a proposal of their own" in own.err
    at_the_keys.append(OTHER)
    done = command("policy", "activate", change, settings=settings)
    assert done.code == 0, done.err
    assert "in-force" in done.out
    small.vault.rule_sets.look_again()
    assert small.vault.rule_sets.of(town.SLUG).terms.term_days == 14
    twice = command("policy", "activate", change, settings=settings)
    assert (twice.code, "Traceback" in twice.err) == (2, False)
    assert "activated or withdrawn before" in twice.err
    listed = command("policy", "list", town.SLUG, settings=settings)
    [line] = [line for line in listed.out.splitlines() if str(change) in line]
    for word in ("in-force", "operator:one", "operator:other", REASON):
        assert word in line
    assert "not followed" in listed.err
    assert "niet gevolgd" in listed.err
    assert payload_of(small, entries(small, Event.RULES_ACTIVATED)[-1])["actor"]["name"] == "other"


def test_a_proposal_is_taken_back(
    small: Installation, command: Command, folder: Path, at_the_keys: list[Actor]
) -> None:
    settings = small.environment("vault")
    change = command("policy", "propose", folder, "--reason", REASON, settings=settings).out.strip()
    assert command("policy", "withdraw", change, "--reason", REASON, settings=settings).code == 0
    at_the_keys.append(OTHER)
    assert command("policy", "activate", change, settings=settings).code == 2
    assert "withdrawn" in command("policy", "list", town.SLUG, settings=settings).out


def test_whoever_activates_can_look_first(
    small: Installation, command: Command, folder: Path, tmp_path: Path
) -> None:
    settings = small.environment("vault")
    given = {path.name: path.read_bytes() for path in folder.iterdir()}
    change = command("policy", "propose", folder, "--reason", REASON, settings=settings).out.strip()
    shown = command("policy", "show", change, settings=settings)
    assert "==> terms.toml <==" in shown.out
    assert "term_days = 14" in shown.out
    copied = tmp_path / "look"
    assert command("policy", "show", change, "--into", copied, settings=settings).code == 0
    assert {path.name: path.read_bytes() for path in copied.iterdir()} == given
    assert len(entries(small, Event.RULES_READ)) == 2


def test_what_is_wrong_is_told_per_file(small: Installation, command: Command, folder: Path) -> None:
    (folder / "rules.cedar").write_text("permit everything;")
    (folder / "extra.toml").write_text("")
    said = command("policy", "propose", folder, "--reason", REASON, settings=small.environment("vault"))
    assert said.code == 2
    assert f"{town.SLUG}/rules.cedar" in said.err
    assert f"{town.SLUG}/extra.toml" in said.err
    assert "Traceback" not in said.err


def test_a_folder_may_have_another_name(
    small: Installation, command: Command, folder: Path, tmp_path: Path
) -> None:
    renamed = folder.rename(tmp_path / "2027")
    settings = small.environment("vault")
    assert command("policy", "propose", renamed, "--reason", REASON, settings=settings).code == 2
    given = ("--reason", REASON, "--municipality", town.SLUG)
    assert command("policy", "propose", renamed, *given, settings=settings).code == 0


def test_what_is_in_force_or_not_there_is_told(small: Installation, command: Command) -> None:
    settings = small.environment("vault")
    same = files("policies") / "rulesets" / town.SLUG
    said = command("policy", "propose", same, "--reason", REASON, settings=settings)
    assert (said.code, "Exactly these rules" in said.err) == (2, True)
    unknown = command("policy", "activate", new_id(), settings=settings)
    assert (unknown.code, "nothing here by that id" in unknown.err) == (2, True)


def test_an_operator_is_who_the_system_says(monkeypatch: pytest.MonkeyPatch) -> None:
    before = registering.operator()
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert registering.operator() == before
    monkeypatch.setattr(os, "getuid", lambda: 4_000_001)
    assert registering.operator().id == "uid-4000001"


def test_a_process_that_starts_records_what_is_in_force(small: Installation, command: Command) -> None:
    settings = small.environment("vault")
    assert command("vault", settings=settings).code == 0
    recorded = len(entries(small, Event.RULES_ACTIVATED))
    assert recorded == len(list(small.vault.rule_sets))
    assert command("keeper", settings=settings).code == 0
    assert len(entries(small, Event.RULES_ACTIVATED)) == recorded
    assert "in-force" in command("policy", "list", "noordwijk", settings=settings).out
