"""Makes the two rings, adds municipalities and rotates keys. For the command line only: it sees both rings.

Every step is whole or absent, and their order is safe to die in: a key is first in every ring that needs it,
the vault's before ingest's, and only then current. A process reads sealing and arrival keys when it needs
them. Of the others it knows those there were when it started: restart vault and keeper first, then ingest.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from vault.keys import folder
from vault.keys.errors import KeyNotHeld, RingExists
from vault.keys.fresh import FreshKeys
from vault.keys.layout import HOLDS, KEY_ID, ORIGIN, Role, Use
from vault.keys.log_keys import checked_origin
from vault.keys.making import Rings, first_key, line, new_key, place_of, rotate
from vault.keys.ring import KeyRing


def create_rings(
    vault_dir: Path, ingest_dir: Path, municipalities: Iterable[str], *, origin: str | None = None
) -> None:
    """Make the vault's and ingest's ring, for at least one municipality. Raises RingExists.

    `origin` is the name of the log, for ever; without one it is called after the first municipality.
    """
    names = sorted(set(municipalities))
    if not names:
        raise ValueError("a ring serves at least one municipality")
    contents: dict[Role, dict[str, bytes]] = {role: {"role": line(role)} for role in Role}
    for use, place in [(use, use.value) for use in Use if use is not Use.SEALING] + [
        (Use.SEALING, place_of(name)) for name in names
    ]:
        key_id, files = new_key(use)
        for role in Role:
            if use in HOLDS[role]:
                fresh = first_key(role, use, key_id, files)
                contents[role] |= {f"{place}/{name}": content for name, content in fresh.items()}
    contents[Role.VAULT][f"{Use.LOG}/{ORIGIN}"] = _origin(origin or f"{names[0]}.example/log")
    with _writing(vault_dir, ingest_dir) as rings:
        for ring in rings.values():
            if ring.exists():
                raise RingExists(
                    f"{ring} is there already; if the other ring is not, remove it: it sealed nothing"
                )
        # The vault's first: an ingest alone would seal for keys that nobody has.
        for role, ring in rings.items():
            folder.place(ring, ring, contents[role])


def add_municipality(vault_dir: Path, ingest_dir: Path, municipality: str) -> None:
    """Give a municipality its first key, in both rings. Finishes what a crash cut off. Raises RingExists."""
    place = place_of(municipality)
    with _writing(vault_dir, ingest_dir) as rings:
        held = _load(rings)
        if municipality in held[Role.INGEST].footage.municipalities():
            raise RingExists(f"{municipality} has its keys already")
        if municipality not in held[Role.VAULT].footage.municipalities():
            key_id, files = new_key(Use.SEALING)
            ring = rings[Role.VAULT]
            folder.place(ring, ring / place, first_key(Role.VAULT, Use.SEALING, key_id, files))
        made = rings[Role.VAULT] / place
        key_id = folder.read_line(made / "current")
        files = {"public.pem": folder.read(made / key_id / "public.pem")}
        ring = rings[Role.INGEST]
        folder.place(ring, ring / place, first_key(Role.INGEST, Use.SEALING, key_id, files))


def add_log(vault_dir: Path, origin: str) -> None:
    """Give the vault's ring, made before there was a log, the log's name and first key. Raises RingExists."""
    named = _origin(origin)
    with folder.writing(vault_dir) as ring:
        if folder.read_line(ring / "role") != Role.VAULT:
            raise KeyNotHeld("only the vault's ring signs for the log")
        key_id, files = new_key(Use.LOG)
        contents = {ORIGIN: named, **first_key(Role.VAULT, Use.LOG, key_id, files)}
        folder.place(ring, ring / Use.LOG, contents)
        _load({Role.VAULT: ring})


def rotate_sealing(vault_dir: Path, ingest_dir: Path, municipality: str) -> str:
    """Wrap a municipality's data keys for a new key from now on; the id of it. Raises KeyNotHeld."""
    with _writing(vault_dir, ingest_dir) as rings:
        if any(municipality not in ring.footage.municipalities() for ring in _load(rings).values()):
            raise KeyNotHeld(f"no keys for {municipality} to rotate; add the municipality")
        return rotate(rings, Use.SEALING, place_of(municipality))


def rotate_arrival(ingest_dir: Path) -> str:
    """Wrap the data keys of what arrives for a new key from now on; the id of it."""
    with folder.writing(ingest_dir) as ring:
        rings = {Role.INGEST: ring}
        _load(rings)
        return rotate(rings, Use.ARRIVAL, Use.ARRIVAL)


def arrival_keys(ingest_dir: Path) -> tuple[str, ...]:
    """The ids of ingest's arrival keys, the current one first."""
    return _arrival_of(ingest_dir / folder.RING).ids()


def destroy_arrival(ingest_dir: Path, key_id: str) -> bool:
    """Destroy an old arrival key; whether it was there. Raises KeyNotHeld for the current one."""
    with folder.writing(ingest_dir) as ring:
        keys = _arrival_of(ring)
        if key_id == keys.ids()[0]:
            raise KeyNotHeld(f"{key_id} is in use; rotate first")
        return keys.holds(key_id) and folder.destroy(ring, keys.directory / key_id)


def rotate_audit(vault_dir: Path, ingest_dir: Path) -> str:
    """Begin a new audit epoch, with a payload key and a pseudonym secret of its own; the epoch's name."""
    with _writing(vault_dir, ingest_dir) as rings:
        _load(rings)
        rotate(rings, Use.PAYLOAD, Use.PAYLOAD)
        return rotate(rings, Use.PSEUDONYM, Use.PSEUDONYM)


def destroy_epoch(vault_dir: Path, ingest_dir: Path, epoch: str, payload_keys: Iterable[str]) -> int:
    """Destroy what is left of an audit epoch and of its payload keys, in both rings; how many copies of keys
    that were. Raises KeyNotHeld for a current one, and then destroys nothing.

    Whether its term is over is for the caller to know. Dying anywhere leaves less readable: called again, it
    goes on. Processes that run have what they loaded: restart them.
    """
    doomed = {Use.PAYLOAD: frozenset(payload_keys), Use.PSEUDONYM: frozenset([epoch])}
    with _writing(vault_dir, ingest_dir) as rings:
        for held in _load(rings).values():
            for use, current in ((Use.PAYLOAD, held.payload.current), (Use.PSEUDONYM, held.epoch)):
                if current in doomed[use]:
                    raise KeyNotHeld(f"{current} is in use; begin another epoch first")
        # What was said of people first, then who they were; the vault's first, which can open and name.
        places = [f"{use}/{_key_id(name)}" for use, names in doomed.items() for name in sorted(names)]
        return sum(folder.destroy(ring, ring / place) for place in places for ring in rings.values())


def rotate_receipt(vault_dir: Path, ingest_dir: Path) -> str:
    """Sign receipts with a new key from now on; the id of it."""
    with _writing(vault_dir, ingest_dir) as rings:
        _load(rings)
        return rotate(rings, Use.RECEIPT, Use.RECEIPT)


def rotate_log(vault_dir: Path) -> str:
    """Sign the log's checkpoints with a new key from now on; the id of it. Witnesses must be told of it."""
    with folder.writing(vault_dir) as ring:
        rings = {Role.VAULT: ring}
        _load(rings)
        return rotate(rings, Use.LOG, Use.LOG)


def _arrival_of(ring: Path) -> FreshKeys:
    return FreshKeys(ring / Use.ARRIVAL, Role.INGEST, HOLDS[Role.INGEST][Use.ARRIVAL])


@contextmanager
def _writing(vault_dir: Path, ingest_dir: Path) -> Iterator[Rings]:
    if vault_dir.resolve() == ingest_dir.resolve():
        raise ValueError("the two rings need a folder each")
    with folder.writing(vault_dir) as vault, folder.writing(ingest_dir) as ingest:
        yield {Role.VAULT: vault, Role.INGEST: ingest}


def _load(rings: Rings) -> dict[Role, KeyRing]:
    return {role: KeyRing.load(ring.parent, role=role) for role, ring in rings.items()}


def _origin(origin: str) -> bytes:
    return line(checked_origin(origin))


def _key_id(name: str) -> str:
    if not KEY_ID.fullmatch(name):
        raise ValueError(f"{name!r} is no key id")
    return name
