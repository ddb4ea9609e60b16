"""The commands as someone runs them who has this room and nothing else of the house."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner, Result

import auditor
from auditor import cli, notes, proofs, reading, tiles
from auditor.notes import COSIGNATURE, VerifierKey
from auditor.reading import Folder
from tests.auditor.conftest import Exported
from tests.logs import Log, entry, put

LONELY = """
import runpy, sys
class Alone:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("policies", "vault", "ingest", "console", "tests", "bench"):
            raise ImportError(f"{name} is not here")
sys.meta_path.insert(0, Alone())
sys.argv[0] = "auditor"
runpy.run_module("auditor", run_name="__main__")
"""


def alone(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run ``python -m auditor`` where the other rooms cannot be imported."""
    command = [sys.executable, "-c", LONELY, *map(str, arguments)]
    place = {"PYTHONPATH": str(Path(auditor.__file__).parents[1])}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=os.environ | place
    )


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, list(map(str, arguments)))


def test_it_runs_without_the_house(made: Exported) -> None:
    ran = alone("verify", made.folder, "--key", made.log.key, "--processes", 2, "--language", "en")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("PROVEN: voorbeeldstad.example/log\n800 entries")


def test_so_does_the_witness(made: Exported, tmp_path: Path) -> None:
    home = tmp_path / "witness"
    assert alone("witness", "key", "--name", "or.example", "--folder", home).returncode == 0
    watched = alone(
        "witness", "watch", made.folder, "--key", made.log.key, "--folder", home, "--once", "--language", "en"
    )
    assert (watched.returncode, watched.stderr) == (0, "")
    assert "cosigned: 800 " in watched.stdout


def test_it_refuses_in_one_line(tmp_path: Path) -> None:
    ran = alone("verify", tmp_path, "--key", "no key")
    assert ran.returncode == 2
    assert ran.stderr.count("\n") == 1
    assert "not a verifier key" in ran.stderr


def test_the_key_may_stand_in_a_file(made: Exported, tmp_path: Path) -> None:
    put(tmp_path, "vkey", f"{made.log.key}\n".encode())
    assert run("verify", made.folder, "--key", tmp_path / "vkey").exit_code == 0


def test_the_file_is_as_people_save_it_or_it_is_refused(made: Exported, tmp_path: Path) -> None:
    put(tmp_path, "vkey.txt", f"\ufeff{made.log.key}\r\n".encode())
    assert run("verify", made.folder, "--key", tmp_path / "vkey.txt").exit_code == 0
    put(tmp_path, "vkey.txt", b"\xff\xfe\x00")
    ran = alone("verify", made.folder, "--key", tmp_path / "vkey.txt")
    assert ran.returncode == 2
    assert ran.stderr.startswith("not a verifier key")


def test_dutch_is_spoken_unless_asked_otherwise(made: Exported) -> None:
    assert run("verify", made.folder, "--key", made.log.key).stdout.startswith("BEWEZEN")


def test_a_mismatch_ends_with_one(exported: Exported) -> None:
    put(exported.folder, tiles.bundle_path(0), b"")
    ran = run("verify", exported.folder, "--key", exported.log.key, "--language", "en")
    assert ran.exit_code == 1
    assert ran.stdout.startswith("DOES NOT MATCH")


def test_a_missing_cosignature_ends_with_two(made: Exported) -> None:
    witness = VerifierKey.of("or.example", COSIGNATURE, Ed25519PrivateKey.generate())
    assert run("verify", made.folder, "--key", made.log.key, "--witness", witness).exit_code == 2


def test_an_older_checkpoint_is_compared(exported: Exported, tmp_path: Path) -> None:
    put(tmp_path, "kept", (exported.folder / tiles.CHECKPOINT).read_bytes())
    exported.log.write(exported.folder, 700)
    arguments = ("verify", exported.folder, "--key", exported.log.key, "--language", "en")
    assert run(*arguments).exit_code == 0
    ran = run(*arguments, "--since", tmp_path / "kept")
    assert ran.exit_code == 1
    assert "shorter than a checkpoint it signed before" in ran.stdout


def test_it_may_have_had_another_key(exported: Exported, tmp_path: Path) -> None:
    put(tmp_path, "kept", (exported.folder / tiles.CHECKPOINT).read_bytes())
    successor = Log()
    successor.write(exported.folder, 900)
    arguments = ("verify", exported.folder, "--key", successor.key, "--since", tmp_path / "kept")
    assert run(*arguments, "--since-key", exported.log.key).exit_code == 0
    assert "no signature of a known key" in str(run(*arguments).exception)


def test_a_file_that_is_not_there_is_named(made: Exported, tmp_path: Path) -> None:
    ran = alone("verify", made.folder, "--key", made.log.key, "--since", tmp_path / "nothing")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.endswith("nothing: No such file or directory\n")


def test_long_work_says_how_far_it_is(made: Exported, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "PROGRESS_SECONDS", 0.0)
    ran = run("verify", made.folder, "--key", made.log.key)
    assert ran.stderr.split("\n")[:2] == ["256 / 800", "512 / 800"]


def test_one_entry_is_verified(made: Exported, tmp_path: Path) -> None:
    note = (made.folder / tiles.CHECKPOINT).read_bytes()
    proof = proofs.make(reading.published(Folder(made.folder), 800), 3, 800, note)
    put(tmp_path, "proof", bytes(proof))
    put(tmp_path, "leaf", entry(3))
    arguments = ("verify-proof", tmp_path / "proof", "--entry", tmp_path / "leaf", "--key", made.log.key)
    ran = run(*arguments, "--language", "en")
    assert ran.exit_code == 0
    assert "Entry 3 (recording.kept, " in ran.stdout
    assert json.loads(entry(3))["id"] in ran.stdout
    witness = VerifierKey.of("or.example", COSIGNATURE, Ed25519PrivateKey.generate())
    assert run(*arguments, "--witness", witness).exit_code == 2
    put(tmp_path, "leaf", entry(4))
    ran = run(*arguments)
    assert ran.exit_code == 1
    assert ran.stdout.startswith("KLOPT NIET")


def test_a_cosigned_proof_says_by_whom(made: Exported, tmp_path: Path) -> None:
    private = Ed25519PrivateKey.generate()
    note = (made.folder / tiles.CHECKPOINT).read_bytes()
    cosigned = notes.append(note, notes.cosign(notes.split(note)[0], "or.example", private, at=1))
    proof = proofs.make(reading.published(Folder(made.folder), 800), 3, 800, cosigned)
    put(tmp_path, "proof", bytes(proof))
    put(tmp_path, "leaf", entry(3))
    witness = VerifierKey.of("or.example", COSIGNATURE, private)
    ran = run(
        "verify-proof", tmp_path / "proof", "--entry", tmp_path / "leaf", "--key", made.log.key,
        "--witness", witness,
    )  # fmt: skip
    assert ran.exit_code == 0
    assert "or.example" in ran.stdout
