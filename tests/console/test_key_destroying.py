"""All keys of a municipality destroyed at the command line, by two system accounts."""

import os

import pytest

from console.demo import town
from tests.console.conftest import Command
from tests.installation import Installation
from tests.watching import entries
from vault.audit import Event
from vault.keys import KeyRing

GROUP = ("keys", "destroy-municipality")


def test_two_accounts_destroy_what_is_not_needed_any_more(
    small: Installation, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, ingest = small.environment("vault"), small.ingest_settings.keys
    refused = command(*GROUP, "propose", town.SLUG, "--reason", "Merger", settings=settings)
    assert (refused.code, "docks are active" in refused.err) == (2, True)
    assert command("register", "deactivate-dock", "Dock stadhuis", settings=settings).code == 0
    proposed = command(*GROUP, "propose", town.SLUG, "--reason", "Merger", settings=settings)
    assert "There is no undo" in proposed.err
    assert "niet terug te draaien" in proposed.err
    destruction = proposed.out.strip()
    own = command(*GROUP, "carry-out", destruction, "--ingest", ingest, settings=settings)
    assert (own.code, "somebody else" in own.err) == (2, True)
    monkeypatch.setattr(os, "getuid", lambda: 4_000_001)
    done = command(*GROUP, "carry-out", destruction, "--ingest", ingest, settings=settings)
    assert (done.code, "destroyed: 1 keys" in done.out, "escrow" in done.out) == (0, True, True)
    for ring in (small.settings.keys, ingest):
        assert town.SLUG not in KeyRing.load(ring).footage.municipalities()
    assert entries(small, Event.KEY_DESTRUCTION_DONE)


def test_a_proposal_is_taken_back(small: Installation, command: Command) -> None:
    settings = small.environment("vault")
    command("register", "deactivate-dock", "Dock stadhuis", settings=settings)
    destruction = command(*GROUP, "propose", town.SLUG, "--reason", "Merger", settings=settings).out.strip()
    assert command(*GROUP, "withdraw", destruction, settings=settings).code == 0
    again = command(*GROUP, "withdraw", destruction, settings=settings)
    assert (again.code, "carried out or withdrawn before" in again.err) == (2, True)
