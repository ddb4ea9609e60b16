"""What was really watched, written a moment later: all of it when closed, also after a failure."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from console.demo import town
from tests.installation import Installation
from tests.watching import choosing, entries, eventually, footage, granted, keep
from vault import completions, tracing
from vault.audit import Event
from vault.completions import Completions
from vault.viewing import Viewing, Watching


@pytest.fixture
def viewing(installation: Installation) -> Viewing:
    tracing.begin()
    grant = granted(installation, keep(installation, footage(1000)))
    caller = installation.caller(town.SUPERVISOR)
    found = Watching(installation.vault).watch(caller, grant, choosing(10, 19), now=datetime.now(UTC))
    assert isinstance(found, Viewing)
    return found


def test_a_completion_follows_its_range(installation: Installation, viewing: Viewing) -> None:
    done = Completions(installation.vault)
    at = datetime.now(UTC)
    done.add(viewing, 7, at)
    done.close()
    [entry] = entries(installation, Event.VIEWING_COMPLETED)
    leaf = json.loads(entry.leaf)
    assert leaf["prev"] == str(viewing.entry)
    assert leaf["facts"] == {"first": 10, "last": 19, "bytes": 7}
    assert entry.at == at
    [served] = entries(installation, Event.VIEWING_SERVED)
    # Within the trace of the answer whose end it is, as a step of its own.
    own, its = (json.loads(row.leaf)["corr"].split("/") for row in (entry, served))
    assert (own[0], own[1] != its[1]) == (its[0], True)
    assert (entry.actor, entry.object) == (served.actor, served.object)


def test_closing_writes_all_that_is_left(
    installation: Installation, viewing: Viewing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(completions, "PAUSE_SECONDS", 3600)
    monkeypatch.setattr(completions, "MOST_AT_ONCE", 3)
    done = Completions(installation.vault)
    for number in range(8):
        done.add(viewing, number, datetime.now(UTC))
    assert entries(installation, Event.VIEWING_COMPLETED) == []
    done.close()
    told = [
        json.loads(entry.leaf)["facts"]["bytes"] for entry in entries(installation, Event.VIEWING_COMPLETED)
    ]
    assert told == list(range(8))


def test_what_ends_after_the_closing_is_written_too(installation: Installation, viewing: Viewing) -> None:
    done = Completions(installation.vault)
    done.close()
    done.add(viewing, 7, datetime.now(UTC))
    [entry] = entries(installation, Event.VIEWING_COMPLETED)
    assert json.loads(entry.leaf)["facts"]["bytes"] == 7


def test_what_cannot_be_written_does_not_end_it(
    installation: Installation, viewing: Viewing, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[Any] = []

    def fail(*_: Any) -> None:
        failed.append(1)
        raise OSError("no room")

    done = Completions(installation.vault)
    with monkeypatch.context() as patched:
        patched.setattr(done, "_write", fail)
        done.add(viewing, 1, datetime.now(UTC))
        eventually(lambda: failed)
    done.add(viewing, 2, datetime.now(UTC))
    eventually(lambda: entries(installation, Event.VIEWING_COMPLETED))
    done.close()
    [entry] = entries(installation, Event.VIEWING_COMPLETED)
    assert json.loads(entry.leaf)["facts"]["bytes"] == 2
