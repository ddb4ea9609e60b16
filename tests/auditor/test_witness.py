"""A witness vouches for one history only: whatever it is offered, however often, and wherever it dies."""

import fcntl
import multiprocessing
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.queues import Queue
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditor import tiles, witness
from auditor.checkpoints import open_checkpoint
from auditor.findings import Kind
from auditor.merkle import ProofBroken
from auditor.notes import NoteBroken
from auditor.reading import Folder, Unreadable
from auditor.witness import Forked, Witness, WitnessRefused, create, load, look
from tests.logs import Log, entry, put

NOW = 1_800_000_000


@pytest.fixture
def one(tmp_path: Path) -> Witness:
    return create(tmp_path / "witness", "or.voorbeeldstad.example")


def nowhere(_: bytes) -> None:
    """A folder takes no cosignatures."""


def see(one: Witness, log: Log, folder: Path, *, now: int = NOW) -> int:
    """One look; how many entries were cosigned."""
    return look(one, Folder(folder), log.key, nowhere, now=now).checkpoint.size


def test_what_grows_is_cosigned_each_time(one: Witness, tmp_path: Path) -> None:
    log = Log()
    for size in (3, 3, 255, 256, 300, 300, 700):
        log.write(tmp_path / "log", size)
        assert see(one, log, tmp_path / "log", now=NOW + size) == size
        seen = one.seen(log.key)
        assert seen
        assert seen.cosigned_at == {one.key: NOW + size}


def test_the_cosignature_is_handed_out_and_holds(one: Witness, tmp_path: Path) -> None:
    log, handed = Log(), list[bytes]()
    log.write(tmp_path / "log", 3)
    signed = look(one, Folder(tmp_path / "log"), log.key, handed.append, now=NOW)
    [note] = handed
    assert open_checkpoint(note, log.key, [one.key]).cosigned_at == {one.key: NOW}
    assert signed.note == note


def test_it_is_remembered_before_it_is_handed_out(one: Witness, tmp_path: Path) -> None:
    log = Log()
    log.write(tmp_path / "log", 3)

    def fail(note: bytes) -> None:
        assert one.state_of(log.key).read_bytes() == note
        raise Unreadable("away")

    with pytest.raises(Unreadable):
        look(one, Folder(tmp_path / "log"), log.key, fail, now=NOW)
    # Handed out at the next look: the same checkpoint is no fork.
    assert see(one, log, tmp_path / "log") == 3


@pytest.mark.parametrize(
    ("offered", "kind"),
    [
        (lambda log, folder: log.write(folder, 200), Kind.ROLLED_BACK),
        (lambda log, folder: log.write(folder, 300, lambda index: entry(index + 1)), Kind.REWRITTEN),
        (lambda log, folder: log.write(folder, 900, lambda index: entry(index + 1)), Kind.REWRITTEN),
        (
            lambda log, folder: log.write(folder, 301, lambda index: entry(index + (index == 7))),
            Kind.REWRITTEN,
        ),
    ],
    ids=["rolled-back", "same-size", "grown", "one-entry"],
)
def test_a_fork_is_shouted_and_kept(
    one: Witness, tmp_path: Path, offered: Callable[[Log, Path], object], kind: Kind
) -> None:
    log, folder = Log(), tmp_path / "log"
    first = log.write(folder, 300)
    see(one, log, folder)
    offered(log, folder)
    second = (folder / tiles.CHECKPOINT).read_bytes()
    for _ in range(2):
        with pytest.raises(Forked) as caught:
            see(one, log, folder)
        assert caught.value.kind is kind
        evidence = caught.value.evidence
        kept = open_checkpoint((evidence / "seen.checkpoint").read_bytes(), log.key, [one.key])
        assert kept.checkpoint == open_checkpoint(first, log.key).checkpoint
        assert (evidence / "offered.checkpoint").read_bytes() == second
        readme = (evidence / "README.txt").read_text()
        assert kind.value.nl in readme
        assert kind.value.en in readme
    seen = one.seen(log.key)
    assert seen
    assert seen.checkpoint.size == 300
    # The history that was seen first is still cosigned.
    log.write(folder, 400)
    assert see(one, log, folder) == 400


def test_tiles_that_prove_nothing_are_no_fork(one: Witness, tmp_path: Path) -> None:
    log, folder = Log(), tmp_path / "log"
    log.write(folder, 300)
    see(one, log, folder)
    log.write(folder, 600)
    put(folder, tiles.tile_path(0, 0), bytes(8192))
    put(folder, tiles.tile_path(0, 1), bytes(8192))
    with pytest.raises(ProofBroken):
        see(one, log, folder)
    (folder / tiles.tile_path(0, 1)).unlink()
    with pytest.raises(Unreadable):
        see(one, log, folder)
    assert not (one.folder / "forks").exists()


def test_what_the_log_did_not_sign_is_not_cosigned(one: Witness, tmp_path: Path) -> None:
    log = Log()
    Log().write(tmp_path / "log", 3)
    with pytest.raises(NoteBroken):
        see(one, log, tmp_path / "log")
    assert one.seen(log.key) is None


def test_it_remembers_across_restarts(one: Witness, tmp_path: Path) -> None:
    log, folder = Log(), tmp_path / "log"
    log.write(folder, 300)
    see(one, log, folder)
    log.write(folder, 299)
    again = load(one.folder)
    assert again == one or again.key == one.key
    with pytest.raises(Forked):
        see(again, log, folder)


def test_a_log_with_a_new_key_goes_on(one: Witness, tmp_path: Path) -> None:
    log, successor = Log(), Log()
    log.write(tmp_path / "log", 300)
    see(one, log, tmp_path / "log")
    successor.write(tmp_path / "log", 400)
    assert see(one, successor, tmp_path / "log") == 400
    successor.write(tmp_path / "log", 399)
    with pytest.raises(Forked):
        see(one, successor, tmp_path / "log")


def test_a_damaged_memory_is_no_empty_one(one: Witness, tmp_path: Path) -> None:
    log, folder = Log(), tmp_path / "log"
    log.write(folder, 300)
    see(one, log, folder)
    one.state_of(log.key).write_bytes(b"")
    with pytest.raises(NoteBroken):
        see(one, log, folder)


@pytest.mark.parametrize("dies_at", ["os.fsync", "pathlib.Path.replace"])
def test_dying_before_it_is_durable_vouches_for_nothing(
    one: Witness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies_at: str
) -> None:
    log, folder, handed = Log(), tmp_path / "log", list[bytes]()
    log.write(folder, 300)
    see(one, log, folder)
    log.write(folder, 600)

    def die(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(dies_at, die)
        with pytest.raises(SystemExit):
            look(one, Folder(folder), log.key, handed.append, now=NOW)
    assert handed == []
    seen = load(one.folder).seen(log.key)
    assert seen
    assert seen.checkpoint.size == 300
    assert see(one, log, folder) == 600


def _offer(home: Path, folders: list[Path], private: bytes, told: "Queue[list[int]]") -> None:
    """In a process of its own: offer each log to the witness, and tell which sizes were cosigned."""
    log, one, cosigned = Log(Ed25519PrivateKey.from_private_bytes(private)), load(home), []
    for folder in folders:
        with suppress(Forked):
            cosigned.append(see(one, log, folder))
    told.put(cosigned)


def test_two_at_once_vouch_for_one_history(one: Witness, tmp_path: Path) -> None:
    """Two processes are offered two histories that part at 300; only one of them may be gone on with."""
    log = Log()
    sides = []
    for side in (0, 1):
        sides.append([tmp_path / f"{side}-{size}" for size in range(301, 321)])
        for size, folder in enumerate(sides[-1], 301):
            log.write(folder, size, lambda index: entry(index + 5000 * side * (index >= 300)))  # noqa: B023
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    private = log.private.private_bytes_raw()
    running = [context.Process(target=_offer, args=(one.folder, folders, private, told)) for folders in sides]
    for process in running:
        process.start()
    results = [told.get(timeout=60) for _ in running]
    for process in running:
        process.join(60)
    assert sorted(map(bool, results)) == [False, True]
    assert sorted(results)[1] == list(range(301, 321))


def test_a_checkpoint_is_fetched_when_nobody_else_looks(one: Witness, tmp_path: Path) -> None:
    """Else the later of two looks could hold an older checkpoint, and shout."""
    log = Log()
    log.write(tmp_path / "log", 3)

    class Place(Folder):
        def fetch(self, path: str, most: int) -> bytes:
            with (one.folder / "lock").open("w") as lock, pytest.raises(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return super().fetch(path, most)

    look(one, Place(tmp_path / "log"), log.key, nowhere, now=NOW)


def test_a_key_is_made_once_and_is_the_owners(one: Witness) -> None:
    assert (one.folder / "key.pem").stat().st_mode & 0o777 == 0o600
    assert str(one.key) == (one.folder / "key.pub").read_text().strip()
    with pytest.raises(WitnessRefused, match="has a key already"):
        create(one.folder, "another")
    (one.folder / "key.pem").chmod(0o644)
    with pytest.raises(WitnessRefused, match="chmod 600"):
        load(one.folder)


def test_what_is_no_witness_is_refused(one: Witness, tmp_path: Path) -> None:
    with pytest.raises(WitnessRefused, match="no witness in"):
        load(tmp_path / "nothing")
    other = create(tmp_path / "other", "other")
    (one.folder / "key.pub").write_bytes((other.folder / "key.pub").read_bytes())
    with pytest.raises(WitnessRefused, match="is not of"):
        load(one.folder)
    with pytest.raises(NoteBroken):
        create(tmp_path / "third", "a name")
    assert not (tmp_path / "third").exists()


def test_files_are_replaced_as_a_whole(tmp_path: Path) -> None:
    witness.write_durably(tmp_path / "a" / "file", b"one")
    witness.write_durably(tmp_path / "a" / "file", b"two")
    assert [path.read_bytes() for path in (tmp_path / "a").iterdir()] == [b"two"]
