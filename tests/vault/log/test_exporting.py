"""An export is the log as outsiders verify it; it grows, and whatever was broken off is gone on with."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import update

from auditor import notes, tiles
from auditor.checkpoints import Checkpoint, open_checkpoint
from auditor.findings import Kind
from auditor.notes import COSIGNATURE, VerifierKey
from auditor.reading import Folder
from auditor.verify import Outcome, Report, verify
from auditor.witness import Witness, look
from console.demo import town
from tests.installation import MAKER, Installation
from tests.outsiders.golang import VerifyLog
from tests.watching import entries, payload_of
from vault import audit
from vault.audit import Entry, Event
from vault.log import exporting, shown
from vault.log.exporting import ExportRefused, export
from vault.log.tables import LogPosition, LogTile
from vault.log.witnesses import accept

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WITNESS = VerifierKey.of("or.voorbeeldstad.example", COSIGNATURE, PRIVATE)


def fill(installation: Installation, number: int) -> None:
    """So many more entries, in the log."""
    with installation.vault.database.transaction() as session:
        for _ in range(number):
            entry = Entry(
                event=Event.VIEWING_SERVED, at=datetime.now(UTC), actor=MAKER, municipality=town.SLUG
            )
            audit.append(session, installation.vault.ring, entry)
    installation.settle()


def write(
    installation: Installation, folder: Path, witnesses: Sequence[VerifierKey] = (), **how: object
) -> Checkpoint:
    return export(installation.vault, folder, MAKER, witnesses, now=datetime.now(UTC), **how)  # type: ignore[arg-type]


def checked(installation: Installation, folder: Path, **how: object) -> Report:
    return verify(Folder(folder), installation.vault.ring.log_keys[0], **how)  # type: ignore[arg-type]


def cosign(installation: Installation) -> None:
    note = shown.checkpoint(installation.vault)
    assert note
    line = notes.cosign(notes.split(note)[0], WITNESS.name, PRIVATE, at=1_800_000_000)
    assert accept(installation.vault, notes.append(note, line), [WITNESS], now=datetime.now(UTC)) == 1


def test_it_is_verified_by_us_and_by_go(
    installation: Installation, tmp_path: Path, verifylog: VerifyLog
) -> None:
    fill(installation, 700)
    folder, told = tmp_path / "export", list[tuple[int, int]]()
    head = write(installation, folder, progress=lambda *step: told.append(step))
    assert head.size > 700
    assert told[-1] == (head.size, head.size)
    report = checked(installation, folder)
    assert (report.outcome, report.findings, report.types.total()) == (Outcome.PROVEN, [], head.size)
    assert verifylog.accepts("log", folder, installation.vault.ring.log_keys[0])
    data = bytearray((folder / tiles.bundle_path(1)).read_bytes())
    data[1000] ^= 1
    (folder / tiles.bundle_path(1)).write_bytes(data)
    assert checked(installation, folder).outcome is Outcome.MISMATCH
    assert not verifylog.accepts("log", folder, installation.vault.ring.log_keys[0])


def test_it_is_an_entry_before_it_is_written(installation: Installation, tmp_path: Path) -> None:
    fill(installation, 3)

    def look(_done: int, _of: int) -> None:
        [exported] = entries(installation, Event.LOG_EXPORTED)
        assert payload_of(installation, exported)["actor"]["id"] == MAKER.id

    write(installation, tmp_path / "export", progress=look)
    assert entries(installation, Event.LOG_EXPORTED)


def test_it_grows(installation: Installation, tmp_path: Path) -> None:
    fill(installation, 300)
    folder = tmp_path / "export"
    write(installation, folder)
    first = open_checkpoint((folder / tiles.CHECKPOINT).read_bytes(), installation.vault.ring.log_keys[0])
    before = (folder / tiles.bundle_path(0)).stat().st_mtime_ns
    fill(installation, 300)
    head = write(installation, folder)
    assert (folder / tiles.bundle_path(0)).stat().st_mtime_ns == before
    report = checked(installation, folder, since=first)
    assert (report.outcome, report.since_unknown) == (Outcome.PROVEN, False)
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert written == {
        *(tiles.tile_path(0, n, tiles.width_of(0, n, head.size)) for n in range(3)),
        *(tiles.bundle_path(n, tiles.width_of(0, n, head.size)) for n in range(3)),
        tiles.tile_path(1, 0, 2),
        *(tiles.CHECKPOINT, tiles.MINIMUM, "vkeys", "policy", "README.txt"),
    }


@pytest.mark.parametrize("after", [0, 1, 4, 7, 10, 11])
def test_broken_off_it_is_gone_on_with(
    small: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Dying at any file leaves whole files, and a checkpoint only when all that it covers is there."""
    fill(small, 600)
    folder, write_one, written = tmp_path / "export", exporting._write, list[Path]()

    def dying(path: Path, data: bytes) -> None:
        if len(written) == after:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_name(f".{path.name}.new").write_bytes(data[:3])
            raise SystemExit
        written.append(path)
        write_one(path, data)

    with monkeypatch.context() as patched:
        patched.setattr(exporting, "_write", dying)
        with pytest.raises(SystemExit):
            write(small, folder)
    assert not (folder / tiles.CHECKPOINT).exists()
    write(small, folder)
    assert checked(small, folder).outcome is Outcome.PROVEN
    assert not list(folder.rglob("*.new"))


def test_the_cosigned_checkpoint_stands_beside_the_newest(
    installation: Installation, tmp_path: Path, verifylog: VerifyLog
) -> None:
    """A witness that falls silent does not keep the log from being exported as far as it is."""
    fill(installation, 10)
    cosign(installation)
    cosigned = shown.cosigned_checkpoint(installation.vault)
    assert cosigned
    folder = tmp_path / "export"
    for more in (3, 300):
        fill(installation, more)
        head = write(installation, folder, [WITNESS])
        newest = checked(installation, folder)
        assert newest.signed
        assert (newest.outcome, newest.signed.checkpoint) == (Outcome.PROVEN, head)
        assert newest.signed.note == (folder / tiles.CHECKPOINT).read_bytes()
        report = checked(installation, folder, witnesses=[WITNESS])
        assert (report.outcome, report.findings) == (Outcome.PROVEN, [])
        seen = report.seen[WITNESS]
        assert (seen.at, seen.checkpoint.size < head.size) == (1_800_000_000, True)
        assert (folder / tiles.cosigned_path(WITNESS.id)).read_bytes() == cosigned
        assert verifylog.accepts("log", folder, installation.vault.ring.log_keys[0])
    # Of what was exported before nothing is left but what there is to be verified.
    partial = {path.relative_to(folder).as_posix() for path in folder.glob("tile/entries/**/*.p/*")}
    assert partial == {tiles.bundle_path(*divmod(head.size, tiles.WIDTH))}


def test_who_sees_exports_only_can_be_its_witness(installation: Installation, tmp_path: Path) -> None:
    """What they cosigned of one export is in the next, which goes on to where the log is by then."""
    witness, folder = Witness(tmp_path / "witness", WITNESS.name, PRIVATE), tmp_path / "export"
    witness.folder.mkdir()
    sizes = []
    for at in range(1, 4):
        fill(installation, 200)
        sizes.append(write(installation, folder, [WITNESS]).size)
        key = installation.vault.ring.log_keys[0]
        seen = look(witness, Folder(folder), key, lambda _: None, now=at)
        assert seen.checkpoint.size == sizes[-1]
        accept(installation.vault, seen.note, [WITNESS], now=datetime.now(UTC))
    assert sizes == sorted(set(sizes))


def test_what_stands_beside_it_says_how_to_verify(installation: Installation, tmp_path: Path) -> None:
    fill(installation, 3)
    folder = tmp_path / "export"
    head = write(installation, folder, [WITNESS])
    key = installation.vault.ring.log_keys[0]
    readme = (folder / "README.txt").read_text()
    for text in (f"python -m auditor verify . --key '{key}'", f"--witness '{WITNESS}'", "BE A WITNESS"):
        assert readme.count(text) >= 1
    assert readme.count(f"{head.size} ") == 2
    assert (folder / "vkeys").read_text() == f"{key}\n"
    assert (folder / "policy").read_text() == (
        f"log {key}\nwitness {WITNESS.name} {WITNESS}\ngroup witnesses all {WITNESS.name}\nquorum witnesses\n"
    )
    write(installation, folder)
    assert (folder / "policy").read_text() == f"log {key}\nquorum none\n"


def test_an_empty_log_is_not_exported(small: Installation, tmp_path: Path) -> None:
    with pytest.raises(ExportRefused, match="is empty"):
        write(small, tmp_path / "export")


def test_another_folder_is_left_alone(small: Installation, tmp_path: Path) -> None:
    fill(small, 3)
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "letter.txt").write_text("mine")
    with pytest.raises(ExportRefused, match="no export of a log"):
        write(small, tmp_path / "export")
    other = VerifierKey.of("elders.example/log", notes.ED25519, PRIVATE)
    (tmp_path / "export" / "vkeys").write_text(f"{other}\n")
    with pytest.raises(ExportRefused, match=r"another log: elders\.example/log"):
        write(small, tmp_path / "export")
    assert sorted(path.name for path in (tmp_path / "export").iterdir()) == ["letter.txt", "vkeys"]


def test_a_log_that_became_shorter_does_not_overwrite(small: Installation, tmp_path: Path) -> None:
    fill(small, 3)
    head = write(small, tmp_path / "export")
    text = Checkpoint(head.origin, head.size + 1, head.root).text
    longer = notes.join(text, [small.vault.ring.sign_checkpoint(text)])
    (tmp_path / "export" / tiles.CHECKPOINT).write_bytes(longer)
    with pytest.raises(ExportRefused, match="was a backup restored"):
        write(small, tmp_path / "export")


def test_pruned_bundles_are_not_exported_and_go(small: Installation, tmp_path: Path) -> None:
    fill(small, 600)
    folder = tmp_path / "export"
    write(small, folder)
    with small.vault.database.transaction() as session:
        session.execute(update(LogPosition).values(minimum=256))
    write(small, folder)
    assert not (folder / tiles.bundle_path(0)).exists()
    report = checked(small, folder)
    assert (report.outcome, report.unseen, report.minimum) == (Outcome.PROVEN, 256, 256)
    assert {found.kind for found in checked(small, folder, shown_from=0).findings} == {Kind.PRUNED}


def test_a_lost_tile_is_not_exported_around(small: Installation, tmp_path: Path) -> None:
    fill(small, 300)
    with small.vault.database.transaction() as session:
        session.execute(update(LogTile).where(LogTile.level == 0, LogTile.n == 0).values(hashes=b""))
    with pytest.raises(ExportRefused, match="tile/0/000 is not in the database"):
        write(small, tmp_path / "export")
    assert not (tmp_path / "export" / tiles.CHECKPOINT).exists()
