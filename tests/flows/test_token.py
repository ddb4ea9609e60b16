"""A whole installation whose footage keys are in a token: kept, watched, placed, disposed of, found whole."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from console.demo import town
from tests.disposing import age
from tests.installation import MAKER, Installation, at_scale, embedded, free_port, listening
from tests.provider import HandMade, handmade
from tests.ruling import ONE, OTHER
from tests.running import environment_of, running
from tests.servers.softhsm import SoftHsm, Token
from tests.watching import entries, footage, granted, keep
from vault.audit import Event
from vault.disposal.expiring import expire
from vault.disposal.intake_keys import attend, cycle_of
from vault.disposal.key_destruction import carry_out, propose
from vault.disposal.placing import place
from vault.disposal.sweeping import sweep
from vault.ids import RecordingId
from vault.keys import KeyNotHeld, Role, TokenRefused, WrappedKey
from vault.keys.token import TokenKeys
from vault.registry import Registrar
from vault.settings import SettingsRefused
from vault.signals.raising import KEEPER
from vault.tables import Recording, SealedKey, State
from vault.vault import ring_of, token_of
from vault.web.app import make_app

DAYS = timedelta(days=1)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def token(softhsm: SoftHsm) -> Token:
    return softhsm.fresh()


@pytest.fixture(scope="module")
def provider() -> Iterator[HandMade]:
    with handmade() as made:
        yield made


@pytest.fixture(params=["embedded", "at-scale"])
def hardware(
    request: pytest.FixtureRequest, tmp_path: Path, token: Token, provider: HandMade
) -> Iterator[Installation]:
    """An installation with its footage keys in a token; afterwards the world must be whole."""
    given: Any = {"oidc_issuer": provider.issuer, "token": token}
    if request.param == "embedded":
        made = embedded(tmp_path, **given)
    else:
        postgres_url = request.getfixturevalue("postgres_url")
        made = at_scale(tmp_path, postgres_url, request.getfixturevalue("radosgw"), **given)
    yield made
    made.settle()
    findings = made.amiss()
    made.vault.database.close()
    made.intake.database.close()
    assert findings == []


def key_of(made: Installation, recording: RecordingId) -> str | None:
    with made.vault.database.reading() as session:
        row = session.get(SealedKey, recording)
        return row.key_id if row else None


def state_of(made: Installation, recording: RecordingId) -> str:
    with made.vault.database.reading() as session:
        return session.get_one(Recording, recording).state


def test_kept_watched_placed_disposed_of(hardware: Installation, provider: HandMade) -> None:
    plain = footage(seed=3)
    keys = hardware.vault.ring.footage
    assert isinstance(keys, TokenKeys)
    recording, stays = keep(hardware, plain), keep(hardware, footage(seed=4))
    assert key_of(hardware, recording) == keys.intake_keys(town.SLUG)[0]
    with listening(make_app(hardware.vault, hardware.settings), free_port()) as url:
        watch = requests.Session()
        watch.headers["Authorization"] = f"Bearer {provider.token(town.SUPERVISOR.subject)}"
        path = f"{url}/api/v1/grants/{granted(hardware, recording)}/footage"
        assert watch.get(path, timeout=30).content == plain
        assert place(hardware.vault, now=now()) == 2
        day_key = key_of(hardware, recording)
        assert day_key in keys.day_keys()
        assert (
            watch.get(path, headers={"Range": "bytes=70000-70009"}, timeout=30).content == plain[70000:70010]
        )
        with hardware.vault.database.reading() as session:
            row = session.get_one(SealedKey, recording)
            copy = WrappedKey(row.key_id, row.sealed)
        age(hardware, recording, 40 * DAYS)
        assert sweep(hardware.vault, KEEPER, now=now()).begun == 1
        assert watch.get(path, timeout=30).status_code in (403, 404, 410)
    assert state_of(hardware, recording) in (State.DISPOSED, State.DISPOSING)
    # It went before its day, so the others under that key move, and the key goes.
    expire(hardware.vault, KEEPER, now=now())
    expire(hardware.vault, KEEPER, now=now())
    assert day_key not in keys.day_keys()
    with pytest.raises(KeyNotHeld):
        keys.unwrap(copy, recording=recording, municipality=town.SLUG)
    assert entries(hardware, Event.DISPOSAL_KEY_DESTROYED)
    assert key_of(hardware, stays) in keys.day_keys()


@pytest.fixture
def small(tmp_path: Path, token: Token) -> Iterator[Installation]:
    """On SQLite and a directory, with a token that a test may take away."""
    made = embedded(tmp_path, token=token)
    yield made
    made.vault.database.close()
    made.intake.database.close()


def told(made: Installation, *arguments: str) -> tuple[int, str]:
    """What a command comes to in a process of its own."""
    command = [sys.executable, "-m", "console", *arguments]
    environment = environment_of(made, "keeper")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_every_process_comes_up_with_what_it_may_have(small: Installation) -> None:
    assert small.ingest_settings.keys_pkcs11_pin is None
    for process in ("vault", "ingest", "keeper"):
        with running(small, process) as up:
            assert requests.get(f"{up.url}/health/ready", timeout=30).status_code == 200


def test_ingest_does_not_start_with_the_pin_nor_the_vault_without(small: Installation) -> None:
    with_pin = small.ingest_settings.model_copy(update={"keys_pkcs11_pin": small.settings.keys_pkcs11_pin})
    with pytest.raises(SettingsRefused, match="not for ingest"):
        ring_of(with_pin, Role.INGEST)
    for missing in ("keys_pkcs11_pin", "keys_pkcs11_module", "keys_pkcs11_token"):
        without = small.settings.model_copy(update={missing: None})
        with pytest.raises(SettingsRefused, match=missing.upper()):
            token_of(without, Role.VAULT)
    files = small.settings.model_copy(update={"keys_pkcs11_module": None, "keys_pkcs11_token": None})
    assert token_of(files, Role.VAULT) is None


def test_without_the_library_it_says_what_to_install(
    small: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vault.keys.token", None)
    with pytest.raises(TokenRefused, match=r"bodycam-vault\[pkcs11\]"):
        ring_of(small.settings, Role.VAULT)


def test_the_keeper_renews_intake_keys_by_itself(small: Installation) -> None:
    keys, cycle = small.vault.ring.footage, cycle_of(small.settings)
    before = keys.intake_keys(town.SLUG)
    attend(small.vault, KEEPER, cycle, now=now())
    assert keys.intake_keys(town.SLUG) == before
    attend(small.vault, KEEPER, cycle, now=now() + 4 * DAYS)
    renewed = keys.intake_keys(town.SLUG)
    assert renewed[1:] == before
    assert small.intake.ring.footage.intake_keys(town.SLUG)[0] == renewed[0]
    attend(small.vault, KEEPER, cycle, now=now() + 7 * DAYS)
    assert before[0] not in keys.intake_keys(town.SLUG)


def test_a_token_that_is_away_is_told_and_nothing_is_lost(
    small: Installation, softhsm: SoftHsm, token: Token
) -> None:
    recording = keep(small, footage(seed=5))
    place(small.vault, now=now())
    small.settle()
    assert told(small, "check") == (0, "recordings opened: 1\nfindings: 0\n")
    folder = softhsm.folder(token)
    aside = softhsm.home / "aside"
    folder.rename(aside)
    code, said = told(small, "check")
    assert (code, "is not there" in said, "Traceback" in said) == (2, True, False)
    shutil.copytree(aside, folder)
    assert told(small, "check") == (0, "recordings opened: 1\nfindings: 0\n")
    assert key_of(small, recording)


def test_a_backup_of_the_token_brings_back_no_destroyed_key_for_long(
    small: Installation, softhsm: SoftHsm, token: Token
) -> None:
    recording = keep(small, footage(seed=6))
    place(small.vault, now=now())
    day_key = str(key_of(small, recording))
    folder = softhsm.folder(token)
    shutil.copytree(folder, softhsm.home / "backup")
    age(small, recording, 40 * DAYS)
    sweep(small.vault, KEEPER, now=now())
    expire(small.vault, KEEPER, now=now())
    shutil.rmtree(folder)
    (softhsm.home / "backup").rename(folder)
    # As after a restart: who ran on has the token as it was.
    assert day_key in told(small, "keys", "token", "show")[1]
    assert "1 keys destroyed" in told(small, "keys", "expire")[1]
    assert day_key not in told(small, "keys", "token", "show")[1]


def test_the_commands_of_the_token(small: Installation) -> None:
    keys = small.vault.ring.footage
    code, said = told(small, "keys", "token", "rotate-sealing", town.SLUG)
    assert (code, said.strip()) == (0, keys.intake_keys(town.SLUG)[0])
    assert told(small, "keys", "token", "add-municipality", "rijswijk")[0] == 0
    assert told(small, "keys", "token", "add-municipality", "rijswijk")[0] == 2
    day_key = keys.make_day_key(town.SLUG, now().date())
    code, said = told(small, "keys", "token", "show")
    assert f"{keys.intake_keys('rijswijk')[0]}  rijswijk  sealing, current" in said
    assert f"{keys.intake_keys(town.SLUG)[1]}  {town.SLUG}  sealing, old" in said
    assert f"{day_key}  {town.SLUG}  until {now().date()}" in said


def test_an_escrow_says_that_the_tokens_keys_are_not_in_it(small: Installation) -> None:
    keep(small, footage(seed=7))
    place(small.vault, now=now())
    made, tried = [], []
    for name in ("a", "b"):
        private = X25519PrivateKey.generate()
        key, pem = small.home / f"{name}.key", small.home / f"{name}.pem"
        key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public = private.public_key()
        pem.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        made += ["--custodian", str(pem)]
        tried += ["--key", str(key)]
    code, said = told(small, "keys", "escrow", str(small.home), *made)
    assert (code, "in the token, not in this" in said) == (0, True)
    (file,) = small.home.glob("bodycam-escrow-*.json")
    code, said = told(small, "keys", "test-restore", str(file), *tried)
    assert (code, "in the token, and not in this" in said, "0 open" in said) == (0, True, True)


def test_two_people_destroy_a_municipalitys_keys_in_the_token(small: Installation) -> None:
    Registrar(small.vault.database, small.vault.ring, MAKER).deactivate_dock("Dock stadhuis", now=now())
    destruction = propose(small.vault, town.SLUG, ONE, reason="A merger.", now=now())
    keys = small.vault.ring.footage
    assert isinstance(keys, TokenKeys)
    assert carry_out(small.vault, destruction, OTHER, keys.destroy_all, now=now()) == 1
    for ring in (small.vault.ring, small.intake.ring):
        assert ring.footage.municipalities() == {"noordwijk", "den-helder"}
