"""The command as an operator uses it: files in a folder, an entry for each, refusals in one line."""

import hashlib
import json
from pathlib import Path

from console.demo import town
from tests.console.conftest import Command
from tests.installation import Installation
from tests.vault.evidence.history import today
from tests.watching import entries
from vault.audit import Event


def test_it_writes_what_an_auditor_asks_for(lived_in: Installation, command: Command, tmp_path: Path) -> None:
    out = tmp_path / "evidence"
    said = command("evidence", today().asked, "--out", out, settings=lived_in.environment("vault"))
    assert (said.code, said.err) == (0, "")
    folder = out / town.SLUG
    assert said.out.startswith(
        f"{folder}: access.csv, counts.csv, denials.csv, dpia-open-vragen.txt, dpia.json"
    )
    assert [path.name for path in out.iterdir()] == [town.SLUG]
    assert sorted(path.name for path in folder.iterdir()) == said.out.strip().split(": ")[1].split(", ")
    assert (folder / "evidence.pdf").read_bytes().startswith(b"%PDF-")
    [entry] = entries(lived_in, Event.EVIDENCE_MADE)
    digest = hashlib.sha256((folder / "evidence.json").read_bytes()).hexdigest()
    assert json.loads(entry.leaf)["facts"]["sha256"] == digest
    assert json.loads((folder / "evidence.json").read_bytes())["figures"]["requests"]["made"] == 6


def test_names_come_on_request_only(lived_in: Installation, command: Command, tmp_path: Path) -> None:
    given = [
        "evidence",
        today().asked,
        "--municipality",
        town.SLUG,
        "--language",
        "en",
        "--out",
        tmp_path / "e",
    ]
    settings = lived_in.environment("vault")
    assert command(*given, settings=settings).code == 0
    rights = tmp_path / "e" / town.SLUG / "rights.csv"
    assert not rights.exists()
    assert entries(lived_in, Event.RIGHTS_REVIEWED) == []
    assert command(*given, "--rights", settings=settings).code == 0
    assert f"{town.OFFICER.name};{town.OFFICER.subject};officer" in rights.read_text("utf-8")
    assert len(entries(lived_in, Event.RIGHTS_REVIEWED)) == 1


def test_what_cannot_be_told_is_refused_in_a_line(
    lived_in: Installation, command: Command, tmp_path: Path
) -> None:
    settings = lived_in.environment("vault")
    for period, municipality, complaint in (
        ("2026-Q5", town.SLUG, "A period is 2026"),
        ("2999", town.SLUG, "has not begun yet"),
        ("2026", "nergenshuizen", "nergenshuizen"),
    ):
        said = command(
            "evidence", period, "--municipality", municipality, "--out", tmp_path / "e", settings=settings
        )
        assert (said.code, said.out) == (2, "")
        assert complaint in said.err
    assert not (tmp_path / "e").exists()
    assert entries(lived_in, Event.EVIDENCE_MADE) == []
