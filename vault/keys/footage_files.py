"""The keys that open footage, as files in a ring: see `vault.keys.footage` for what they do.

Each call reads the files it needs, some tens of microseconds, and forgets them: a process that runs for
months knows the key of this minute, and has none that was destroyed.
"""

import re
import secrets
from datetime import date
from pathlib import Path
from uuid import UUID

from vault.keys import folder
from vault.keys.errors import KeyNotHeld, RingRefused
from vault.keys.footage import DayKey, WrappedKey, of_day, of_intake
from vault.keys.fresh import FreshKeys
from vault.keys.held import day_key_id_of
from vault.keys.layout import DAY_KEY, DISPOSAL, HOLDS, MUNICIPALITY, Role, Use
from vault.keys.making import line, place_of, rotate
from vault.keys.wrapping import data_key_of, unwrap_under, wrap_under
from vault.sealing import KEY_LENGTH, DataKey

_SECRET = re.compile(r"[0-9a-f]{64}")


class FootageFiles:
    """A FootageKeys of the ring in folder `path`."""

    def __init__(self, path: Path, role: Role, *, beside: Path | None = None) -> None:
        """`beside`: the folder of ingest's ring, where this process of the vault's sees both."""
        self._path, self._role, self._beside = path, role, beside
        self._ring = path / folder.RING
        self._names: dict[str, str] = {}

    def check(self) -> None:
        """Read all there is. Raises RingRefused."""
        for name in self._municipalities():
            self._intake(name).check()
        for key_id in self.day_keys():
            try:
                self._secret(key_id)
            except KeyNotHeld:
                # Destroyed since the list was read.
                continue

    def municipalities(self) -> frozenset[str]:
        """Those that have an intake key."""
        return frozenset(self._municipalities())

    def wrap(self, key: DataKey, *, recording: UUID, municipality: str) -> WrappedKey:
        """Wrap a recording's data key for its municipality's current intake key."""
        info = of_intake(recording, municipality)
        return WrappedKey(*self._intake(municipality).wrap(key.reveal(), info))

    def unwrap(self, wrapped: WrappedKey, *, recording: UUID, municipality: str) -> DataKey:
        """Open a data key, wrapped for an intake key or under a day key. Raises WrappingBroken."""
        key_id, sealed = wrapped
        intake = self._intake(municipality)
        if intake.holds(key_id):
            return data_key_of(intake.unwrap(key_id, sealed, of_intake(recording, municipality)))
        secret = self._secret(key_id, municipality)
        return data_key_of(unwrap_under(secret, sealed, of_day(key_id, recording, municipality)))

    def make_day_key(self, municipality: str, day: date) -> str:
        """Make a key that expires with `day`; its id. It is durable when this returns."""
        self._require_vault()
        self._intake(municipality)
        secret = secrets.token_bytes(KEY_LENGTH)
        key_id = day_key_id_of(secret, municipality, day)
        with folder.writing(self._path) as ring:
            folder.ensure(ring, ring / DISPOSAL)
            target = ring / DISPOSAL / f"{municipality}.{day.isoformat()}.{key_id}"
            folder.place(ring, target, {"secret.hex": line(secret.hex())})
        return key_id

    def wrap_for_day(self, key: DataKey, key_id: str, *, recording: UUID, municipality: str) -> WrappedKey:
        """Wrap a recording's data key under a day key of its municipality."""
        secret = self._secret(key_id, municipality)
        return WrappedKey(key_id, wrap_under(secret, key.reveal(), of_day(key_id, recording, municipality)))

    def day_keys(self) -> dict[str, DayKey]:
        """Every day key there is, by id. Raises RingRefused for what is none."""
        if self._role is not Role.VAULT:
            return {}
        names = self._names = self._listed()
        return {key_id: _said(self._ring / DISPOSAL / name) for key_id, name in names.items()}

    def intake_keys(self, municipality: str) -> tuple[str, ...]:
        """The ids of a municipality's intake keys, the current one first."""
        return self._intake(municipality).ids()

    def rotate_intake(self, municipality: str) -> str:
        """Wrap what comes in for a new key from now on; its id. Takes both rings."""
        self._require_vault()
        if self._beside is None:
            raise KeyNotHeld("to rotate takes both rings: bodycam-vault keys rotate-sealing")
        self._intake(municipality)
        with folder.writing(self._path) as ours, folder.writing(self._beside) as theirs:
            return rotate({Role.VAULT: ours, Role.INGEST: theirs}, Use.SEALING, place_of(municipality))

    def destroy(self, key_id: str) -> bool:
        """Destroy a day key or an old intake key; whether it was there."""
        self._require_vault()
        # Also for a key that is not there: who died over it may have left it beside the ring.
        with folder.writing(self._path) as ring:
            if (name := self._listed().get(key_id)) is not None:
                return folder.destroy(ring, ring / DISPOSAL / name)
        return any(self._destroy_intake(key_id, municipality) for municipality in self._municipalities())

    def _destroy_intake(self, key_id: str, municipality: str) -> bool:
        intake = self._intake(municipality)
        if not intake.holds(key_id):
            return False
        if key_id == intake.ids()[0]:
            raise KeyNotHeld(f"{key_id} is in use; rotate first")
        place = f"{place_of(municipality)}/{key_id}"
        if self._beside is not None:
            # Ingest's first: nothing is wrapped any more for what nobody can open.
            with folder.writing(self._beside) as theirs:
                folder.destroy(theirs, theirs / place)
        with folder.writing(self._path) as ours:
            return folder.destroy(ours, ours / place)

    def _secret(self, key_id: str, municipality: str | None = None) -> bytes:
        """The secret of a day key, of `municipality` when given. Raises KeyNotHeld, RingRefused."""
        directory = self._day_key(key_id)
        said = _said(directory)
        if municipality not in (None, said.municipality):
            raise KeyNotHeld(f"{key_id} is not a key of {municipality}")
        try:
            folder.expect_only(directory, folder.entries(directory), {"secret.hex"}, self._role)
            text = folder.read_line(directory / "secret.hex")
        except RingRefused:
            if directory.exists():
                raise
            raise KeyNotHeld(f"no key {key_id} in this ring") from None
        secret = bytes.fromhex(text) if _SECRET.fullmatch(text) else b""
        if day_key_id_of(secret, *said) != key_id:
            raise RingRefused(directory, "does not hold the key it is named after", "put the right key back")
        return secret

    def _day_key(self, key_id: str) -> Path:
        """Where a day key stands. Only names are remembered, and a name without its folder is looked up."""
        if self._role is not Role.VAULT:
            raise KeyNotHeld("only the vault's ring opens footage")
        # Other threads put other names in their place meanwhile.
        name = self._names.get(key_id)
        if name is None or not (self._ring / DISPOSAL / name).exists():
            names = self._names = self._listed()
            name = names.get(key_id)
        if name is None:
            raise KeyNotHeld(f"no key {key_id} in this ring")
        return self._ring / DISPOSAL / name

    def _listed(self) -> dict[str, str]:
        directory = self._ring / DISPOSAL
        if not directory.exists():
            return {}
        names = folder.entries(directory)
        for name in names:
            _said(directory / name)
        return {name.rpartition(".")[2]: name for name in sorted(names)}

    def _intake(self, municipality: str) -> FreshKeys:
        directory = self._ring / Use.SEALING / municipality
        if not MUNICIPALITY.fullmatch(municipality) or not directory.is_dir():
            raise KeyNotHeld(f"no keys for {municipality} in this ring")
        return FreshKeys(directory, self._role, HOLDS[self._role][Use.SEALING])

    def _municipalities(self) -> list[str]:
        names = folder.entries(self._ring / Use.SEALING)
        for name in names:
            if not MUNICIPALITY.fullmatch(name):
                raise RingRefused(
                    self._ring / Use.SEALING / name, "is not named after a municipality", "move it elsewhere"
                )
        return sorted(names)

    def _require_vault(self) -> None:
        if self._role is not Role.VAULT:
            raise KeyNotHeld("ingest's ring only wraps")


def _said(directory: Path) -> DayKey:
    """What a day key's folder says that it is for. Raises RingRefused."""
    parts = DAY_KEY.fullmatch(directory.name)
    try:
        if parts is None:
            raise ValueError
        return DayKey(parts[1], date.fromisoformat(parts[2]))
    except ValueError:
        raise RingRefused(directory, "is not named after a day key", "move it elsewhere") from None
