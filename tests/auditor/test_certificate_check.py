"""Certificates of disposal checked at the command line, with files and no installation."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from auditor.cli import app
from auditor.notes import COSIGNATURE, VerifierKey
from auditor.reading import Unreadable
from tests.disposed import FourEntries, disposed_leaf, document_of, statement_of

STATEMENT = statement_of()
LOG = FourEntries(disposed_leaf(STATEMENT))
WITNESS = VerifierKey.of("or.example", COSIGNATURE, LOG.private)


def put(folder: Path, name: str = "verklaring.json", **how: Any) -> Path:
    file = folder / name
    file.write_text(json.dumps(document_of(STATEMENT, LOG, **how)[0]))
    return file


def check(place: Path, *more: str) -> Result:
    return CliRunner().invoke(app, ["verify-certificate", str(place), "--key", str(LOG.key), *more])


def test_it_says_in_two_languages_what_it_proves_and_what_not(tmp_path: Path) -> None:
    said = check(put(tmp_path))
    assert said.exit_code == 0
    assert "opname 01980000-0000-7000-8000-00000000000a (voorbeeldstad) van 03-11-2026 is" in said.output
    assert "de bewaartermijn was om" in said.output
    assert "28 dagen en 1 bewaarplichten, tot 01-12-2026 11:00:00 CET" in said.output
    assert (
        "Sleutel vernietigd op 01-12-2026 11:01:00 CET; 4 objecten op 01-12-2026 11:01:02 CET" in said.output
    )
    assert "die back-ups opende is vernietigd, op 02-12-2026 11:13:20 CET (regel 2)" in said.output
    assert "nummer 1 van log voorbeeldstad.example/log, dat 4 regels telde" in said.output
    assert "Dit bewijst niet" in said.output
    said = check(put(tmp_path), "--language", "en")
    assert "its term was over" in said.output
    assert "number 1 of log" in said.output
    assert "does not prove" in said.output


def test_it_says_that_backups_were_not_shown_to_be_unreadable(tmp_path: Path) -> None:
    said = check(put(tmp_path, with_key=False), "--language", "en")
    assert said.exit_code == 0
    assert "Not shown: that the key that opened backups is destroyed too" in said.output


def test_of_an_early_erasure_it_says_what_the_key_does_not_show(tmp_path: Path) -> None:
    file, statement = tmp_path / "early.json", statement_of(ground="inside-dwelling")
    document, key = document_of(statement)
    file.write_text(json.dumps(document))
    said = CliRunner().invoke(app, ["verify-certificate", str(file), "--key", str(key), "--language", "en"])
    assert said.exit_code == 0
    assert "Not shown: that the key is gone, too, that it came in with" in said.output
    assert "it came in with" not in check(put(tmp_path), "--language", "en").output


def test_a_certificate_that_does_not_hold(tmp_path: Path) -> None:
    file = put(tmp_path)
    file.write_text(file.read_text().replace('"length": 1000', '"length": 1001'))
    said = check(file)
    assert said.exit_code == 1
    assert "noemt een andere verklaring dan deze" in said.output
    assert "names another statement" in check(file, "--language", "en").output


def test_a_witness_that_did_not_cosign(tmp_path: Path) -> None:
    said = check(put(tmp_path), "--witness", str(WITNESS))
    assert said.exit_code == 2
    assert "getuige or.example tekende dit controlepunt niet mee" in said.output


def test_a_term_that_was_not_over_by_the_rules_it_names(tmp_path: Path) -> None:
    file, statement = tmp_path / "early.json", statement_of(termDays=29)
    log = FourEntries(disposed_leaf(statement), private=LOG.private)
    file.write_text(json.dumps(document_of(statement, log)[0]))
    said = check(file, "--language", "en")
    assert said.exit_code == 2
    assert "Not checked: whether its term was over" in said.output


def test_a_folder_of_them(tmp_path: Path) -> None:
    for number in range(3):
        put(tmp_path, f"{number}.json")
    said = check(tmp_path)
    assert (said.exit_code, said.output) == (0, "Gecontroleerd: 3 verklaringen.\n")
    said = check(tmp_path, "--witness", str(WITNESS))
    assert said.exit_code == 2
    (tmp_path / "1.json").write_text("{}")
    said = check(tmp_path, "--language", "en", "--witness", str(WITNESS))
    assert said.exit_code == 1
    assert "1.json: This is no certificate of disposal" in said.output
    assert said.output.endswith("Checked: 3 certificates.\n")


@pytest.mark.parametrize("name", ["none.json", "."])
def test_what_is_not_there(tmp_path: Path, name: str) -> None:
    assert isinstance(check(tmp_path / name).exception, Unreadable)
