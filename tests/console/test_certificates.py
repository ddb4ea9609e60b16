"""Certificates at the command line: read, written, and checked by the outsider's command."""

import json
from pathlib import Path

import pytest

from console.demo import town
from tests.console.conftest import Command
from tests.disposing import kept, swept
from tests.installation import Installation
from tests.vault.documents.reading import text
from tests.watching import entries, payload_of
from vault.audit import Event
from vault.ids import RecordingId


@pytest.fixture
def gone(small: Installation) -> list[RecordingId]:
    """Two recordings that were disposed of, in the log."""
    recordings = [kept(small, seed) for seed in (1, 2)]
    assert swept(small).disposed == 2
    small.settle()
    return recordings


def test_a_person_reads_it(small: Installation, command: Command, gone: list[RecordingId]) -> None:
    said = command("certificate", gone[0], settings=small.environment("vault"))
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("Verklaring van vernietiging, Voorbeeldstad\n")
    assert f"Opname: {gone[0]}\n" in said.out
    english = command("certificate", gone[0], "--language", "en", settings=small.environment("vault"))
    assert "Why: its term was over" in english.out
    told = entries(small, Event.RETENTION_READ)
    assert [payload_of(small, entry)["actor"]["kind"] for entry in told] == ["operator"] * 2


def test_all_of_a_municipality_are_written_and_verify(
    small: Installation, command: Command, gone: list[RecordingId], tmp_path: Path
) -> None:
    folder = tmp_path / "verklaringen"
    asked = ("certificate", "--all", town.SLUG, "--folder", folder, "--pdf")
    said = command(*asked, settings=small.environment("vault"))
    assert (said.code, said.out) == (0, f"{folder}: 2 certificates, 0 left out\n")
    names = sorted(f"{recording}.{kind}" for recording in gone for kind in ("json", "pdf"))
    assert sorted(file.name for file in folder.iterdir()) == names
    assert str(gone[1]) in text((folder / f"{gone[1]}.pdf").read_bytes())
    key = small.vault.ring.log_keys[0]
    checked = command("audit", "verify-certificate", folder, "--key", key)
    assert (checked.code, checked.out) == (0, "Gecontroleerd: 2 verklaringen.\n")
    file = folder / f"{gone[0]}.json"
    told = json.loads(file.read_text())
    told["certificate"]["objects"] += 1
    file.write_text(json.dumps(told))
    assert command("audit", "verify-certificate", folder, "--key", key).code == 1
    # Written anew, it is whole again.
    again = command("certificate", gone[0], "--folder", folder, settings=small.environment("vault"))
    assert (again.code, again.out) == (0, f"{folder}: 1 certificates, 0 left out\n")
    assert command("audit", "verify-certificate", folder, "--key", key).code == 0


@pytest.mark.usefixtures("gone")
def test_what_is_not_in_the_log_yet_is_left_out(
    small: Installation, command: Command, tmp_path: Path
) -> None:
    late = kept(small, 3)
    assert swept(small).disposed == 1
    said = command(
        "certificate", "--all", town.SLUG, "--folder", tmp_path, settings=small.environment("vault")
    )
    assert (said.code, said.out) == (0, f"{tmp_path}: 2 certificates, 1 left out\n")
    said = command("certificate", late, settings=small.environment("vault"))
    assert said.code == 2
    assert "ask again in a few seconds" in said.err


def test_what_is_kept_has_none(small: Installation, command: Command) -> None:
    said = command("certificate", kept(small), settings=small.environment("vault"))
    assert said.code == 2
    assert "There is no certificate" in said.err


@pytest.mark.parametrize(
    "asked",
    [(), ("--all", town.SLUG), (town.CAMERA, "--pdf"), ("01980000-0000-7000-8000-00000000000a", "--pdf")],
)
def test_what_cannot_be_asked(small: Installation, command: Command, asked: tuple[str, ...]) -> None:
    assert command("certificate", *asked, settings=small.environment("vault")).code == 2
    assert entries(small, Event.RETENTION_READ) == []
