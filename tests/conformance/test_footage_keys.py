"""What every place for the keys that open footage promises, asked of both: files, and a PKCS#11 token."""

import multiprocessing
import os
import re
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from vault.keys.footage_files import FootageFiles

from vault.keys import KeyNotHeld, KeyRingError, Role, WrappingBroken, create_rings
from vault.keys.footage import DayKey, FootageKeys, WrappedKey
from vault.keys.token import TokenKeys
from vault.sealing import DataKey

HERE, THERE = "here", "over-there"
DAY, LATER = date(2026, 3, 29), date(2026, 3, 30)

Opening = Callable[[], FootageKeys]


@dataclass(frozen=True)
class Files:
    """Opens keys that are files, as the vault has them or as ingest does."""

    vault: Path
    ingest: Path
    role: Role

    def __call__(self) -> FootageKeys:
        if self.role is Role.VAULT:
            return FootageFiles(self.vault, self.role, beside=self.ingest)
        return FootageFiles(self.ingest, self.role)


@dataclass(frozen=True)
class InToken:
    """Opens keys in a token, with a PIN or without."""

    module: Path
    label: str
    pin: str | None

    def __call__(self) -> FootageKeys:
        return TokenKeys(self.module, self.label, self.pin)


@dataclass(frozen=True)
class Place:
    """The same keys, as several have them."""

    vault: Opening
    ingest: Opening


@pytest.fixture(params=["files", "token"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "files":
        rings = tmp_path / "vault", tmp_path / "ingest"
        create_rings(*rings, [HERE, THERE])
        return Place(Files(*rings, Role.VAULT), Files(*rings, Role.INGEST))
    token = request.getfixturevalue("softhsm").fresh()
    made = Place(InToken(token.module, token.label, token.pin), InToken(token.module, token.label, None))
    for municipality in (HERE, THERE):
        made.vault().rotate_intake(municipality)
    return made


@pytest.fixture
def keys(place: Place) -> FootageKeys:
    return place.vault()


@pytest.fixture
def ingest(place: Place) -> FootageKeys:
    return place.ingest()


RECORDING = UUID("018f3f5e-7a3b-7cc0-9c1e-0242ac120002")


def new_key() -> DataKey:
    return DataKey(os.urandom(32))


def opened(keys: FootageKeys, wrapped: WrappedKey, recording: UUID = RECORDING, of: str = HERE) -> bytes:
    return keys.unwrap(wrapped, recording=recording, municipality=of).reveal()


def wrapped_both_ways(keys: FootageKeys, key: DataKey) -> tuple[WrappedKey, WrappedKey]:
    """For the intake key, and under a day key."""
    day_key = keys.make_day_key(HERE, DAY)
    return (
        keys.wrap(key, recording=RECORDING, municipality=HERE),
        keys.wrap_for_day(key, day_key, recording=RECORDING, municipality=HERE),
    )


def test_what_ingest_wraps_the_vault_opens(keys: FootageKeys, ingest: FootageKeys) -> None:
    key = new_key()
    wrapped = ingest.wrap(key, recording=RECORDING, municipality=HERE)
    assert wrapped.key_id == keys.intake_keys(HERE)[0] == ingest.intake_keys(HERE)[0]
    assert opened(keys, wrapped) == key.reveal()


def test_what_is_wrapped_for_a_day_opens(keys: FootageKeys) -> None:
    key = new_key()
    day_key = keys.make_day_key(HERE, DAY)
    wrapped = keys.wrap_for_day(key, day_key, recording=RECORDING, municipality=HERE)
    assert wrapped.key_id == day_key
    assert opened(keys, wrapped) == key.reveal()
    assert key.reveal() not in wrapped.sealed


def test_ids_fit_where_they_are_stored(keys: FootageKeys) -> None:
    for key_id in (keys.make_day_key(HERE, DAY), *keys.intake_keys(HERE), keys.rotate_intake(HERE)):
        assert re.fullmatch("[0-9a-z-]{1,64}", key_id)


def test_the_same_key_is_never_wrapped_the_same(keys: FootageKeys) -> None:
    key, day_key = new_key(), keys.make_day_key(HERE, DAY)
    many = [keys.wrap_for_day(key, day_key, recording=RECORDING, municipality=HERE).sealed for _ in range(50)]
    many += [keys.wrap(key, recording=RECORDING, municipality=HERE).sealed for _ in range(50)]
    assert len(set(many)) == 100


def test_nothing_opens_for_another_recording_or_municipality(keys: FootageKeys) -> None:
    for wrapped in wrapped_both_ways(keys, new_key()):
        with pytest.raises(WrappingBroken):
            opened(keys, wrapped, recording=uuid4())
        with pytest.raises(KeyRingError):
            opened(keys, wrapped, of=THERE)
        with pytest.raises(KeyRingError):
            opened(keys, wrapped, of="nowhere")


def test_nothing_opens_that_was_changed(keys: FootageKeys) -> None:
    for key_id, sealed in wrapped_both_ways(keys, new_key()):
        for at in range(len(sealed)):
            changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
            with pytest.raises(WrappingBroken):
                opened(keys, WrappedKey(key_id, changed))
        for length in (0, 11, 27, len(sealed) - 1):
            with pytest.raises(WrappingBroken):
                opened(keys, WrappedKey(key_id, sealed[:length]))
        with pytest.raises(WrappingBroken):
            opened(keys, WrappedKey(key_id, sealed + b"\0"))


def test_nothing_opens_by_another_key(keys: FootageKeys) -> None:
    by_intake, by_day = wrapped_both_ways(keys, new_key())
    others = [keys.make_day_key(HERE, DAY), keys.make_day_key(HERE, LATER), keys.rotate_intake(HERE)]
    for sealed in (by_intake.sealed, by_day.sealed):
        for other in others:
            with pytest.raises(WrappingBroken):
                opened(keys, WrappedKey(other, sealed))
        for unknown in ("0" * 16, "nothing-like-it", ""):
            with pytest.raises(KeyNotHeld):
                opened(keys, WrappedKey(unknown, sealed))


def test_what_is_wrapped_for_intake_must_be_a_key(keys: FootageKeys, ingest: FootageKeys) -> None:
    """Whoever has the public half wraps what they like."""
    for length in (0, 31, 33, 64):
        short = DataKey(bytes(32))
        short._secret = bytes(length)
        wrapped = ingest.wrap(short, recording=RECORDING, municipality=HERE)
        with pytest.raises(WrappingBroken):
            opened(keys, wrapped)


def test_a_day_key_is_of_one_municipality(keys: FootageKeys) -> None:
    theirs = keys.make_day_key(THERE, DAY)
    with pytest.raises(KeyNotHeld):
        keys.wrap_for_day(new_key(), theirs, recording=RECORDING, municipality=HERE)
    with pytest.raises(KeyNotHeld):
        keys.wrap_for_day(new_key(), keys.intake_keys(HERE)[0], recording=RECORDING, municipality=HERE)


def test_every_day_key_is_listed(keys: FootageKeys, place: Place) -> None:
    assert keys.day_keys() == {}
    made = {keys.make_day_key(of, day): DayKey(of, day) for of in (HERE, THERE) for day in (DAY, DAY, LATER)}
    assert len(made) == 6
    assert keys.day_keys() == place.vault().day_keys() == made


def test_who_has_no_keys_is_told(keys: FootageKeys, ingest: FootageKeys) -> None:
    assert keys.municipalities() == ingest.municipalities() == {HERE, THERE}
    for each in (keys, ingest):
        with pytest.raises(KeyNotHeld):
            each.intake_keys("nowhere")
        with pytest.raises(KeyNotHeld):
            each.wrap(new_key(), recording=RECORDING, municipality="nowhere")
    with pytest.raises(KeyNotHeld):
        keys.make_day_key("nowhere", DAY)
    keys.check()
    ingest.check()


def test_ingest_wraps_and_does_nothing_else(keys: FootageKeys, ingest: FootageKeys) -> None:
    by_intake, by_day = wrapped_both_ways(keys, new_key())
    assert ingest.day_keys() == {}
    refused: list[Callable[[], object]] = [
        lambda: opened(ingest, by_intake),
        lambda: opened(ingest, by_day),
        lambda: ingest.make_day_key(HERE, DAY),
        lambda: ingest.wrap_for_day(new_key(), by_day.key_id, recording=RECORDING, municipality=HERE),
        lambda: ingest.rotate_intake(HERE),
        lambda: ingest.destroy(by_day.key_id),
        lambda: ingest.destroy(by_intake.key_id),
    ]
    for attempt in refused:
        with pytest.raises(KeyNotHeld):
            attempt()
    assert opened(keys, by_intake) == opened(keys, by_day)


def test_a_rotation_is_known_at_once_and_the_old_still_opens(keys: FootageKeys, ingest: FootageKeys) -> None:
    key = new_key()
    before = ingest.wrap(key, recording=RECORDING, municipality=HERE)
    there = ingest.intake_keys(THERE)
    renewed = keys.rotate_intake(HERE)
    assert keys.intake_keys(HERE) == ingest.intake_keys(HERE) == (renewed, before.key_id)
    after = ingest.wrap(key, recording=RECORDING, municipality=HERE)
    assert after.key_id == renewed
    assert opened(keys, before) == opened(keys, after) == key.reveal()
    assert ingest.intake_keys(THERE) == there


def test_what_was_destroyed_opens_nothing_anywhere(keys: FootageKeys, place: Place) -> None:
    other = place.vault()
    stays = keys.make_day_key(HERE, DAY)
    kept = keys.wrap_for_day(new_key(), stays, recording=RECORDING, municipality=HERE)
    for wrapped in wrapped_both_ways(keys, new_key()):
        if wrapped.key_id not in keys.day_keys():
            keys.rotate_intake(HERE)
        assert opened(other, wrapped) == opened(keys, wrapped)
        assert keys.destroy(wrapped.key_id) is True
        for each in (other, keys, place.vault()):
            with pytest.raises(KeyNotHeld):
                opened(each, wrapped)
            assert wrapped.key_id not in each.day_keys()
            assert wrapped.key_id not in each.intake_keys(HERE)
        assert other.destroy(wrapped.key_id) is False
    assert opened(other, kept) == opened(keys, kept)


def test_the_current_intake_key_is_not_destroyed(keys: FootageKeys, ingest: FootageKeys) -> None:
    wrapped = ingest.wrap(new_key(), recording=RECORDING, municipality=HERE)
    with pytest.raises(KeyNotHeld):
        keys.destroy(wrapped.key_id)
    assert len(opened(keys, wrapped)) == 32
    assert keys.destroy("f" * 16) is False


def test_many_threads(place: Place) -> None:
    keys, ingest = place.vault(), place.ingest()
    days = [keys.make_day_key(HERE, DAY), keys.make_day_key(THERE, DAY)]

    def work(number: int) -> int:
        of = (HERE, THERE)[number % 2]
        for _ in range(20):
            key, recording = new_key(), uuid4()
            by_intake = ingest.wrap(key, recording=recording, municipality=of)
            by_day = keys.wrap_for_day(key, days[number % 2], recording=recording, municipality=of)
            assert opened(keys, by_intake, recording, of) == key.reveal()
            assert opened(keys, by_day, recording, of) == key.reveal()
        return 20

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) == 160


def answer(opening: Opening, calls: Connection) -> None:
    """Another process that has the keys too: does what it is told, and tells what came of it."""
    keys = opening()
    while True:
        name, arguments, named = calls.recv()
        try:
            result = getattr(keys, name)(*arguments, **named)
        except KeyRingError as error:
            result = type(error)
        calls.send(result.reveal() if isinstance(result, DataKey) else result)


class Elsewhere:
    """The keys in another process."""

    def __init__(self, opening: Opening) -> None:
        # A fresh one: a fork would have what this process has.
        context = multiprocessing.get_context("spawn")
        self._calls, theirs = context.Pipe()
        self.process = context.Process(target=answer, args=(opening, theirs), daemon=True)
        self.process.start()

    def ask(self, name: str, *arguments: object, **named: object) -> object:
        self._calls.send((name, arguments, named))
        return self._calls.recv()

    def kill(self) -> None:
        assert self.process.pid
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.join()


def test_several_processes_have_the_same_keys(place: Place) -> None:
    here, elsewhere, taking_in = place.vault(), Elsewhere(place.vault), Elsewhere(place.ingest)
    try:
        of = {"recording": RECORDING, "municipality": HERE}
        made = elsewhere.ask("make_day_key", HERE, DAY)
        assert isinstance(made, str)
        assert here.day_keys() == {made: DayKey(HERE, DAY)}
        key = new_key()
        wrapped = here.wrap_for_day(key, made, recording=RECORDING, municipality=HERE)
        assert elsewhere.ask("unwrap", wrapped, **of) == key.reveal()
        assert here.destroy(made)
        assert elsewhere.ask("unwrap", wrapped, **of) is KeyNotHeld
        assert elsewhere.ask("day_keys") == {}
        renewed = here.rotate_intake(HERE)
        taken_in = taking_in.ask("wrap", key, **of)
        assert isinstance(taken_in, WrappedKey)
        assert taken_in.key_id == renewed
        assert elsewhere.ask("unwrap", taken_in, **of) == key.reveal()
        assert taking_in.ask("unwrap", taken_in, **of) is KeyNotHeld
    finally:
        elsewhere.kill()
        taking_in.kill()


def test_a_key_outlives_the_process_that_made_it(place: Place) -> None:
    """Killed between making a key and using it: the key is there, and is accounted for."""
    keys, elsewhere = place.vault(), Elsewhere(place.vault)
    made = elsewhere.ask("make_day_key", HERE, DAY)
    renewed = elsewhere.ask("rotate_intake", HERE)
    elsewhere.kill()
    keys.check()
    assert keys.day_keys() == {made: DayKey(HERE, DAY)}
    assert keys.intake_keys(HERE)[0] == renewed
    for wrapped in wrapped_both_ways(keys, new_key()):
        assert len(opened(keys, wrapped)) == 32
    assert isinstance(made, str)
    assert keys.destroy(made)
