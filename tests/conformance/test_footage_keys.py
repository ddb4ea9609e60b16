"""What every place for the keys that open footage must do, whatever it is made of."""

import multiprocessing
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from vault.keys import (
    FootageFiles,
    FootageKeys,
    KeyNotHeld,
    KeyRingError,
    Role,
    WrappedKey,
    WrappingBroken,
    create_rings,
)
from vault.keys.token import TokenKeys
from vault.sealing import DataKey

RECORDING = UUID("01980000-0000-7000-8000-000000000001")
OTHER = UUID("01980000-0000-7000-8000-000000000002")
KEY = DataKey(bytes(range(32)))
DAY = date(2026, 12, 24)
PLACE = "noordwijk"
OF: Any = {"recording": RECORDING, "municipality": PLACE}


@dataclass(frozen=True)
class InFiles:
    """Opens keys that are files of a ring; by value, so that another process can."""

    ring: Path
    role: Role
    beside: Path | None = None

    def __call__(self) -> FootageKeys:
        return FootageFiles(self.ring, self.role, beside=self.beside)


@dataclass(frozen=True)
class InToken:
    """Opens keys in a token, with the PIN or without."""

    module: Path
    label: str
    pin: str | None

    def __call__(self) -> FootageKeys:
        return TokenKeys(self.module, self.label, self.pin)


@dataclass(frozen=True)
class Kept:
    """One set of keys, and how the processes that use it open it."""

    vault: Callable[[], FootageKeys]
    """As vault and keeper do."""
    ingest: Callable[[], FootageKeys]


@pytest.fixture(params=["files", "token"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    """Keys for Noordwijk and Den Helder."""
    if request.param == "files":
        vault, ingest = tmp_path / "vault", tmp_path / "ingest"
        create_rings(vault, ingest, [PLACE, "den-helder"])
        return Kept(InFiles(vault, Role.VAULT, ingest), InFiles(ingest, Role.INGEST))
    token = request.getfixturevalue("softhsm").fresh()
    keys = TokenKeys(token.module, token.label, token.pin)
    for municipality in (PLACE, "den-helder"):
        keys.add(municipality)
    return Kept(InToken(token.module, token.label, token.pin), InToken(token.module, token.label, None))


@pytest.fixture
def keys(kept: Kept) -> FootageKeys:
    """As one process of the vault's has them."""
    return kept.vault()


def opened(keys: FootageKeys, wrapped: WrappedKey) -> DataKey:
    """The data key of our recording, as that process opens it."""
    return keys.unwrap(wrapped, recording=RECORDING, municipality=PLACE)


def under(keys: FootageKeys, key_id: str) -> WrappedKey:
    """Our data key under a day key."""
    return keys.wrap_for_day(KEY, key_id, recording=RECORDING, municipality=PLACE)


def test_ingest_wraps_and_the_vault_opens(kept: Kept) -> None:
    wrapped = kept.ingest().wrap(KEY, recording=RECORDING, municipality=PLACE)
    assert opened(kept.vault(), wrapped) == KEY
    assert wrapped.key_id == kept.vault().intake_keys(PLACE)[0] == kept.ingest().intake_keys(PLACE)[0]
    assert kept.ingest().wrap(KEY, recording=RECORDING, municipality=PLACE).sealed != wrapped.sealed


def test_ingest_does_nothing_else(kept: Kept) -> None:
    vault, ingest = kept.vault(), kept.ingest()
    intake, day = vault.wrap(KEY, recording=RECORDING, municipality=PLACE), vault.make_day_key(PLACE, DAY)
    for refused in (
        lambda: opened(ingest, intake),
        lambda: opened(ingest, under(vault, day)),
        lambda: under(ingest, day),
        lambda: ingest.make_day_key(PLACE, DAY),
        lambda: ingest.rotate_intake(PLACE),
        lambda: ingest.destroy(day),
        lambda: ingest.destroy(intake.key_id),
    ):
        with pytest.raises(KeyNotHeld):
            refused()
    assert ingest.day_keys() == {}
    assert opened(vault, under(vault, day)) == opened(vault, intake) == KEY


def test_a_day_key_wraps_and_opens(keys: FootageKeys) -> None:
    day = keys.make_day_key(PLACE, DAY)
    wrapped = under(keys, day)
    assert wrapped.key_id == day
    assert opened(keys, wrapped) == KEY
    assert under(keys, day).sealed != wrapped.sealed
    assert keys.day_keys() == {day: (PLACE, DAY)}


def test_days_have_keys_of_their_own(keys: FootageKeys) -> None:
    made = [
        (keys.make_day_key(municipality, day), (municipality, day))
        for municipality, day in (
            (PLACE, DAY),
            (PLACE, DAY),
            (PLACE, date(8999, 12, 31)),
            ("den-helder", DAY),
        )
    ]
    assert keys.day_keys() == dict(made)
    assert len(dict(made)) == 4
    wrapped = under(keys, made[0][0])
    for key_id, _ in made[1:]:
        with pytest.raises((KeyNotHeld, WrappingBroken)):
            opened(keys, WrappedKey(key_id, wrapped.sealed))


def test_what_is_wrapped_opens_in_its_place_only(keys: FootageKeys) -> None:
    for wrapped in (
        keys.wrap(KEY, recording=RECORDING, municipality=PLACE),
        under(keys, keys.make_day_key(PLACE, DAY)),
    ):
        with pytest.raises(WrappingBroken):
            keys.unwrap(wrapped, recording=OTHER, municipality=PLACE)
        with pytest.raises(KeyNotHeld):
            keys.unwrap(wrapped, recording=RECORDING, municipality="den-helder")
        for changed in (b"", wrapped.sealed[:-1], wrapped.sealed + b"x", bytes(len(wrapped.sealed))):
            with pytest.raises(WrappingBroken):
                opened(keys, WrappedKey(wrapped.key_id, changed))


def test_a_day_key_is_its_municipalitys(keys: FootageKeys) -> None:
    day = keys.make_day_key("den-helder", DAY)
    with pytest.raises(KeyNotHeld):
        under(keys, day)


def test_what_is_not_there_is_said(keys: FootageKeys) -> None:
    for key_id in ("0" * 16, "", "..", "../../role", "current", "x" * 64):
        with pytest.raises(KeyNotHeld):
            opened(keys, WrappedKey(key_id, bytes(60)))
        with pytest.raises(KeyNotHeld):
            under(keys, key_id)
        assert not keys.destroy(key_id)
    for unknown in ("zwolle", "", "..", "Noordwijk"):
        for refused in (
            lambda name=unknown: keys.wrap(KEY, recording=RECORDING, municipality=name),
            lambda name=unknown: keys.intake_keys(name),
            lambda name=unknown: keys.rotate_intake(name),
            lambda name=unknown: keys.make_day_key(name, DAY),
        ):
            with pytest.raises(KeyNotHeld):
                refused()
    assert keys.municipalities() == {PLACE, "den-helder"}
    assert keys.day_keys() == {}


def test_intake_keys_rotate_under_who_runs(kept: Kept) -> None:
    vault, ingest = kept.vault(), kept.ingest()
    old = ingest.wrap(KEY, recording=RECORDING, municipality=PLACE)
    current = vault.rotate_intake(PLACE)
    new = ingest.wrap(KEY, recording=RECORDING, municipality=PLACE)
    assert new.key_id == current != old.key_id
    assert vault.intake_keys(PLACE) == (current, old.key_id)
    assert len(vault.intake_keys("den-helder")) == 1
    assert opened(vault, old) == opened(vault, new) == KEY


def test_an_old_intake_key_is_destroyed_and_the_current_one_is_not(kept: Kept) -> None:
    vault, ingest = kept.vault(), kept.ingest()
    old = ingest.wrap(KEY, recording=RECORDING, municipality=PLACE)
    with pytest.raises(KeyNotHeld):
        vault.destroy(old.key_id)
    current = vault.rotate_intake(PLACE)
    assert vault.destroy(old.key_id)
    assert not vault.destroy(old.key_id)
    assert vault.intake_keys(PLACE) == ingest.intake_keys(PLACE) == (current,)
    with pytest.raises(KeyNotHeld):
        opened(vault, old)


def test_a_destroyed_key_is_refused_at_once_by_who_has_used_it(kept: Kept) -> None:
    vault, keeper = kept.vault(), kept.vault()
    day, other = keeper.make_day_key(PLACE, DAY), keeper.make_day_key(PLACE, DAY)
    wrapped = under(keeper, day)
    assert opened(vault, wrapped) == KEY
    assert keeper.destroy(day)
    assert not keeper.destroy(day)
    for each in (vault, keeper):
        with pytest.raises(KeyNotHeld):
            opened(each, wrapped)
        with pytest.raises(KeyNotHeld):
            under(each, day)
        assert set(each.day_keys()) == {other}
        each.check()


def answer(opening: Callable[[], FootageKeys], calls: Connection) -> None:
    """Another process that has the keys too: does what it is told, and tells what came of it."""
    keys = opening()
    while True:
        name, arguments, named = calls.recv()
        # A data key does not let itself be sent, except bare.
        arguments = [DataKey(each) if isinstance(each, bytes) else each for each in arguments]
        result: object
        try:
            result = getattr(keys, name)(*arguments, **named)
        except KeyRingError as error:
            result = type(error)
        calls.send(result.reveal() if isinstance(result, DataKey) else result)


class Elsewhere:
    """The keys in another process."""

    def __init__(self, opening: Callable[[], FootageKeys]) -> None:
        # A fresh one: a fork would have what this process has.
        context = multiprocessing.get_context("spawn")
        self._calls, theirs = context.Pipe()
        self.process = context.Process(target=answer, args=(opening, theirs), daemon=True)
        self.process.start()

    def ask(self, name: str, *arguments: object, **named: object) -> Any:
        """What the method `name` comes to there; of an error its class."""
        self._calls.send((name, arguments, named))
        return self._calls.recv()

    def kill(self) -> None:
        """As a crash would."""
        self.process.kill()
        self.process.join()


@pytest.fixture
def elsewhere(kept: Kept) -> Iterator[Elsewhere]:
    made = Elsewhere(kept.vault)
    yield made
    made.kill()


def test_several_processes_have_the_same_keys(kept: Kept, elsewhere: Elsewhere) -> None:
    here = kept.vault()
    here.day_keys()
    made = elsewhere.ask("make_day_key", PLACE, DAY)
    wrapped = under(here, made)
    assert elsewhere.ask("unwrap", wrapped, **OF) == KEY.reveal()
    assert opened(here, wrapped) == KEY
    assert here.destroy(made)
    assert elsewhere.ask("unwrap", wrapped, **OF) is KeyNotHeld
    assert elsewhere.ask("day_keys") == {}
    before = kept.ingest().wrap(KEY, **OF)
    renewed = elsewhere.ask("rotate_intake", PLACE)
    assert kept.ingest().wrap(KEY, **OF).key_id == here.intake_keys(PLACE)[0] == renewed
    assert elsewhere.ask("destroy", before.key_id) is True
    with pytest.raises(KeyNotHeld):
        opened(here, before)


def test_another_process_of_ingest_only_wraps(kept: Kept) -> None:
    taking_in = Elsewhere(kept.ingest)
    try:
        wrapped = taking_in.ask("wrap", KEY.reveal(), **OF)
        assert opened(kept.vault(), wrapped) == KEY
        assert taking_in.ask("unwrap", wrapped, **OF) is KeyNotHeld
        assert taking_in.ask("make_day_key", PLACE, DAY) is KeyNotHeld
        assert taking_in.ask("day_keys") == {}
    finally:
        taking_in.kill()


def test_a_key_outlives_the_process_that_made_it(kept: Kept, elsewhere: Elsewhere) -> None:
    """Killed between making a key and using it: the key is there, and is accounted for."""
    made, renewed = elsewhere.ask("make_day_key", PLACE, DAY), elsewhere.ask("rotate_intake", PLACE)
    elsewhere.kill()
    keys = kept.vault()
    keys.check()
    assert keys.day_keys() == {made: (PLACE, DAY)}
    assert keys.intake_keys(PLACE)[0] == renewed
    assert opened(keys, under(keys, made)) == KEY
    assert keys.destroy(made)


def test_many_threads_make_use_and_destroy(kept: Kept) -> None:
    keys, started = kept.vault(), threading.Barrier(8)

    def live(number: int) -> None:
        started.wait()
        for _ in range(5):
            day = keys.make_day_key(PLACE, date(2026, 1, 1 + number))
            wrapped = under(keys, day)
            assert opened(keys, wrapped) == KEY
            keys.check()
            assert keys.destroy(day)
            with pytest.raises(KeyNotHeld):
                opened(keys, wrapped)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(live, range(8))) == [None] * 8
    assert keys.day_keys() == {}
