"""A receipt checked at the command line, with three files and no installation."""

import json
from pathlib import Path

import pytest

from tests.auditor.signing import Signer, TwoEntries, claims_of, document, leaf_of
from tests.console.conftest import Command

LEAF = leaf_of()
SIGNER, LOG = Signer(), TwoEntries(LEAF)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """What a dock fetched, and the receipt keys."""
    receipt, keys = tmp_path / "receipt.json", tmp_path / "keys.json"
    receipt.write_text(json.dumps(document(SIGNER.sign(claims_of(LEAF)), LEAF, LOG.proof())))
    keys.write_text(json.dumps(SIGNER.keys))
    return receipt, keys


def arguments(files: tuple[Path, Path], *more: str, key: str | None = None) -> tuple[str, ...]:
    receipt, keys = map(str, files)
    return ("audit", "verify-receipt", receipt, "--key", key or str(LOG.key), "--receipt-keys", keys, *more)


def test_it_says_in_two_languages_what_it_shows_and_what_not(
    command: Command, files: tuple[Path, Path]
) -> None:
    said = command(*arguments(files))
    assert (said.code, said.err) == (0, "")
    assert "Het ontvangstbewijs klopt: opname 01980000-0000-7000-8000-00000000000a, kept" in said.out
    assert "nummer 1 van het log voorbeeldstad.example/log, dat 2 regels telde" in said.out
    assert "15-01-2027 09:00:00 (Amsterdam)" in said.out
    assert "Het toont niet" in said.out
    said = command(*arguments(files, "--language", "en"))
    assert said.code == 0
    assert "number 1 of the log" in said.out
    assert "does not show" in said.out


def test_a_receipt_that_does_not_hold(command: Command, files: tuple[Path, Path]) -> None:
    files[1].write_text(json.dumps(Signer().keys))
    said = command(*arguments(files))
    assert said.code == 1
    assert "niet geldig ondertekend met een van deze sleutels" in said.out
    said = command(*arguments(files, "--language", "en"))
    assert said.code == 1
    assert "not validly signed by one of these keys" in said.out


def test_what_cannot_be_checked(command: Command, files: tuple[Path, Path]) -> None:
    assert command(*arguments(files, key="no key")).code == 2
    files[1].write_text("[]")
    said = command(*arguments(files))
    assert (said.code, "JWK" in said.err) == (2, True)
    files[1].write_text("{")
    assert command(*arguments(files)).code == 2
    files[0].unlink()
    said = command(*arguments(files))
    assert said.code == 2
    assert "Traceback" not in said.err
