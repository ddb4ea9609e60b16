"""The vault's ring in escrow at the command line: made for two, tried, put back."""

from pathlib import Path

import pytest
import typer
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from sqlalchemy import update

from tests.console.conftest import Command
from tests.installation import Installation
from tests.watching import entries, footage, keep, payload_of
from vault.audit import Event
from vault.keys import KeyRing, Role
from vault.tables import SealedKey


@pytest.fixture
def custodians(tmp_path: Path) -> list[str]:
    """Two custodians' keys: what makes an escrow, by `.pem`; what opens one, by `.key`."""
    for name in ("a", "b"):
        private = X25519PrivateKey.generate()
        (tmp_path / f"{name}.key").write_bytes(
            private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        (tmp_path / f"{name}.pem").write_bytes(
            private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )
    return [str(tmp_path / name) for name in ("a", "b")]


def made(command: Command, small: Installation, custodians: list[str], *more: str) -> Path:
    given = [part for name in custodians for part in ("--custodian", f"{name}.pem")]
    said = command("keys", "escrow", small.home, *given, *more, settings=small.environment("vault"))
    assert said.code == 0, said.err
    assert "Vernietig dit bestand" in said.err
    assert "Destroy this file" in said.err
    return Path(said.out.strip())


def keys_of(custodians: list[str]) -> list[str]:
    return [part for name in custodians for part in ("--key", f"{name}.key")]


def test_an_escrow_is_made_tried_and_put_back(
    small: Installation, command: Command, custodians: list[str]
) -> None:
    keep(small, footage(500))
    settings = small.environment("vault")
    file = made(command, small, custodians)
    assert "destroy-by-" in file.name
    assert file.stat().st_mode & 0o077 == 0
    told = entries(small, Event.KEYS_ESCROWED)[-1]
    assert payload_of(small, told)["actor"]["kind"] == "operator"
    tried = command("keys", "test-restore", file, *keys_of(custodians), settings=settings)
    assert (tried.code, "recordings: 1 open, 0 are of a later key, 0 do not open" in tried.out) == (0, True)
    back = command(
        "keys", "restore", file, *keys_of(custodians), "--vault", small.home / "back", settings=settings
    )
    assert (back.code, "rotate-sealing" in back.out) == (0, True)
    ring = KeyRing.load(small.home / "back", role=Role.VAULT)
    assert ring.epoch == small.vault.ring.epoch
    again = command(
        "keys", "restore", file, *keys_of(custodians), "--vault", small.home / "back", settings=settings
    )
    assert (again.code, "there already" in again.err) == (2, True)


def test_one_custodian_neither_makes_nor_opens_one(
    small: Installation, command: Command, custodians: list[str]
) -> None:
    settings = small.environment("vault")
    alone = command("keys", "escrow", small.home, "--custodian", f"{custodians[0]}.pem", settings=settings)
    assert (alone.code, "at least 2 custodians" in alone.err) == (2, True)
    assert not entries(small, Event.KEYS_ESCROWED)
    file = made(command, small, custodians)
    tried = command("keys", "test-restore", file, *keys_of(custodians[:1]), settings=settings)
    assert (tried.code, "missing" in tried.err) == (2, True)


def test_it_may_not_be_there_longer_than_the_shortest_term(
    small: Installation, command: Command, custodians: list[str]
) -> None:
    assert "destroy-by" in made(command, small, custodians, "--days", "7").name
    given = [part for name in custodians for part in ("--custodian", f"{name}.pem")]
    for days in ("0", "400"):
        said = command(
            "keys", "escrow", small.home, *given, "--days", days, settings=small.environment("vault")
        )
        assert said.code == 2


def test_one_that_will_not_do_exits_with_1(
    small: Installation, command: Command, custodians: list[str]
) -> None:
    file = made(command, small, custodians)
    keep(small, footage(500))
    with small.vault.database.transaction() as session:
        session.execute(update(SealedKey).values(sealed=bytes(80)))
    said = command("keys", "test-restore", file, *keys_of(custodians), settings=small.environment("vault"))
    assert (said.code, "does not open: " in said.out) == (1, True)


def test_a_key_with_a_password_asks_for_it(
    small: Installation, command: Command, custodians: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = made(command, small, custodians)
    path = Path(f"{custodians[0]}.key")
    private = load_pem_private_key(path.read_bytes(), None)
    path.write_bytes(
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"geheim"))
    )
    answers = iter(["geheim", "niet geheim"])
    monkeypatch.setattr(typer, "prompt", lambda *_args, **_named: next(answers))
    settings = small.environment("vault")
    assert command("keys", "test-restore", file, *keys_of(custodians), settings=settings).code == 0
    refused = command("keys", "test-restore", file, *keys_of(custodians), settings=settings)
    assert (refused.code, "password is another" in refused.err) == (2, True)


def test_what_is_no_key_is_told(small: Installation, command: Command, custodians: list[str]) -> None:
    wrong = [part for name in custodians for part in ("--custodian", f"{name}.key")]
    said = command("keys", "escrow", small.home, *wrong, settings=small.environment("vault"))
    assert (said.code, "X25519" in said.err) == (2, True)
