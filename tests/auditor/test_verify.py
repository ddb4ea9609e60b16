"""A whole log is proven, or it is said what does not match; nothing that was changed passes."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditor import notes, rederiving, tiles
from auditor.checkpoints import open_checkpoint
from auditor.findings import Kind
from auditor.notes import COSIGNATURE, VerifierKey
from auditor.reading import Folder, Unreadable
from auditor.verify import Outcome, Report, verify
from tests.auditor.conftest import Exported
from tests.logs import Log, entry, put

FIRST_BUNDLE = tiles.bundle_path(0)


def check(exported: Exported, **how: object) -> Report:
    return verify(Folder(exported.folder), exported.log.key, **how)  # type: ignore[arg-type]


def kinds(report: Report) -> set[Kind]:
    assert report.outcome is Outcome.MISMATCH
    return {found.kind for found in report.findings}


def rewrite(exported: Exported, change: Callable[[list[bytes]], list[bytes]]) -> None:
    """Change the entries of the first bundle."""
    entries = tiles.entries_in((exported.folder / FIRST_BUNDLE).read_bytes(), 256)
    put(exported.folder, FIRST_BUNDLE, tiles.bundle(change(entries)))


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 512, 1000])
def test_a_log_is_proven(tmp_path: Path, size: int) -> None:
    log = Log()
    log.write(tmp_path, size)
    report = verify(Folder(tmp_path), log.key)
    assert (report.outcome, report.types.total(), report.unseen) == (Outcome.PROVEN, size, 0)


def test_an_empty_log_is_proven(tmp_path: Path) -> None:
    log = Log()
    log.write(tmp_path, 0)
    assert verify(Folder(tmp_path), log.key).outcome is Outcome.PROVEN


@pytest.mark.parametrize("seed", range(60))
def test_one_flipped_bit_anywhere_is_found(exported: Exported, seed: int) -> None:
    chance = random.Random(seed)
    files = sorted(path for path in exported.folder.rglob("*") if path.is_file())
    file = files[seed % len(files)]
    data = bytearray(file.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    file.write_bytes(data)
    assert check(exported).outcome is Outcome.MISMATCH


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda entries: [entry(5000), *entries[1:]], {Kind.ENTRY, Kind.TILE, Kind.ROOT}),
        (lambda entries: [entries[1], entries[0], *entries[2:]], {Kind.ENTRY, Kind.TILE, Kind.ROOT}),
        (lambda entries: entries[1:], {Kind.BUNDLE}),
        (lambda entries: [*entries, entry(5000)], {Kind.BUNDLE}),
        (lambda entries: [*entries[:-1], entries[0]], {Kind.ENTRY, Kind.REPEATED, Kind.TILE, Kind.ROOT}),
    ],
    ids=["changed", "reordered", "removed", "inserted", "repeated"],
)
def test_entries_that_were_tampered_with_are_found(
    exported: Exported, change: Callable[[list[bytes]], list[bytes]], expected: set[Kind]
) -> None:
    rewrite(exported, change)
    assert kinds(check(exported)) == expected


def test_tiles_that_fit_the_changed_entries_do_not_help(exported: Exported) -> None:
    """Whoever rewrites all files cannot sign them."""
    note = (exported.folder / tiles.CHECKPOINT).read_bytes()
    exported.log.write(exported.folder, 800, lambda index: entry(index + 1000))
    put(exported.folder, tiles.CHECKPOINT, note)
    assert kinds(check(exported)) == {Kind.ROOT}


def test_whoever_can_sign_is_found_out_by_what_was_kept(exported: Exported) -> None:
    kept = open_checkpoint((exported.folder / tiles.CHECKPOINT).read_bytes(), exported.log.key)
    exported.log.write(exported.folder, 900, lambda index: entry(index + 1000 * (index == 3)))
    assert check(exported).outcome is Outcome.PROVEN
    assert kinds(check(exported, since=kept)) == {Kind.REWRITTEN}


def test_a_log_that_became_shorter_is_found_out_by_what_was_kept(exported: Exported) -> None:
    kept = open_checkpoint((exported.folder / tiles.CHECKPOINT).read_bytes(), exported.log.key)
    exported.log.write(exported.folder, 700)
    assert check(exported).outcome is Outcome.PROVEN
    assert kinds(check(exported, since=kept)) == {Kind.ROLLED_BACK}


def test_one_that_grew_continues_what_was_kept(exported: Exported) -> None:
    kept = open_checkpoint((exported.folder / tiles.CHECKPOINT).read_bytes(), exported.log.key)
    exported.log.write(exported.folder, 2000)
    report = check(exported, since=kept)
    assert (report.outcome, report.since_unknown) == (Outcome.PROVEN, False)


def test_a_log_that_signed_for_more_than_can_be_read_does_not_keep_us(exported: Exported) -> None:
    note = exported.log.signed(10**17, bytes(32))
    (exported.folder / tiles.CHECKPOINT).write_bytes(note)
    report = check(exported, processes=1)
    assert report.outcome is Outcome.MISMATCH
    assert {Kind.MISSING, Kind.ROOT} <= kinds(report)
    assert len(report.findings) < rederiving.MOST_FINDINGS + 10


def test_another_key_and_a_missing_checkpoint(exported: Exported) -> None:
    assert kinds(verify(Folder(exported.folder), Log().key)) == {Kind.CHECKPOINT}
    (exported.folder / tiles.CHECKPOINT).unlink()
    with pytest.raises(Unreadable, match="is this a log"):
        check(exported)


def test_a_witness_that_was_asked_for_must_have_cosigned(exported: Exported) -> None:
    private = Ed25519PrivateKey.generate()
    witness = VerifierKey.of("or.example", COSIGNATURE, private)
    report = check(exported, witnesses=[witness])
    assert (report.outcome, report.not_cosigned) == (Outcome.UNCHECKED, [witness])
    note = (exported.folder / tiles.CHECKPOINT).read_bytes()
    line = notes.cosign(notes.split(note)[0], witness.name, private, at=1_700_000_000)
    put(exported.folder, tiles.CHECKPOINT, notes.append(note, line))
    report = check(exported, witnesses=[witness])
    assert (report.outcome, report.not_cosigned) == (Outcome.PROVEN, [])


def test_each_witness_vouches_for_what_it_saw(tmp_path: Path) -> None:
    """They look at different moments, and the log goes on; each is asked for at its own checkpoint."""
    log, folder = Log(), tmp_path / "log"
    keys = {
        name: Ed25519PrivateKey.generate() for name in ("or.example", "rekenkamer.example", "none.example")
    }
    one, other, none = (VerifierKey.of(name, COSIGNATURE, key) for name, key in keys.items())
    for witness, size in ((one, 300), (other, 700)):
        note = log.write(folder, size)
        line = notes.cosign(notes.split(note)[0], witness.name, keys[witness.name], at=size)
        put(folder, tiles.cosigned_path(witness.id), notes.append(note, line))
    log.write(folder, 800)
    report = verify(Folder(folder), log.key, [one, other])
    assert (report.outcome, report.signed and report.signed.checkpoint.size) == (Outcome.PROVEN, 800)
    assert [(seen.checkpoint.size, seen.at) for seen in report.seen.values()] == [(300, 300), (700, 700)]
    absent = verify(Folder(folder), log.key, [one, none])
    assert (absent.outcome, absent.not_cosigned, list(absent.seen)) == (Outcome.UNCHECKED, [none], [one])
    # A log that was rewritten after a witness saw it, or that is shorter by now.
    log.write(folder, 800, lambda index: entry(index + (index == 299) * 1000))
    report = verify(Folder(folder), log.key, [one, other])
    assert kinds(report) == {Kind.REWRITTEN}
    assert len(report.findings) == 2
    log.write(folder, 600)
    assert kinds(verify(Folder(folder), log.key, [one, other])) == {Kind.ROLLED_BACK}
    # A cosignature that does not hold, and one that stands under a checkpoint of another log.
    path = tiles.cosigned_path(one.id)
    held = (folder / path).read_bytes()
    put(folder, path, held.replace(b"\n300\n", b"\n301\n"))
    [finding] = verify(Folder(folder), log.key, [one]).findings
    assert (finding.kind, finding.where) == (Kind.CHECKPOINT, path)
    elsewhere = f"elsewhere.example/log\n{notes.split(held)[0].partition(chr(10))[2]}"
    line = notes.cosign(elsewhere, one.name, keys[one.name], at=1)
    put(folder, path, notes.join(elsewhere, [line]))
    [finding] = verify(Folder(folder), log.key, [one]).findings
    assert (finding.kind, "another log" in finding.detail) == (Kind.CHECKPOINT, True)


def test_a_pruned_log_is_proven_by_the_hashes_it_keeps(exported: Exported) -> None:
    (exported.folder / FIRST_BUNDLE).unlink()
    assert Kind.MISSING in kinds(check(exported))
    put(exported.folder, tiles.MINIMUM, b"256\n")
    report = check(exported)
    assert (report.outcome, report.unseen, report.minimum) == (Outcome.PROVEN, 256, 256)
    assert kinds(check(exported, shown_from=255)) == {Kind.PRUNED}
    assert check(exported, shown_from=256).outcome is Outcome.PROVEN


def test_pruned_tiles_leave_the_older_root_open(exported: Exported) -> None:
    older = Log(exported.log.private)
    kept = open_checkpoint(older.write(exported.folder, 100), exported.log.key)
    exported.log.write(exported.folder, 800)
    for path in (FIRST_BUNDLE, tiles.tile_path(0, 0)):
        (exported.folder / path).unlink()
    put(exported.folder, tiles.MINIMUM, b"256\n")
    report = check(exported, since=kept)
    assert (report.outcome, report.since_unknown, report.findings) == (Outcome.UNCHECKED, True, [])


def test_pruning_beyond_the_end_is_no_excuse(exported: Exported) -> None:
    put(exported.folder, tiles.MINIMUM, b"801\n")
    assert kinds(check(exported)) == {Kind.PRUNED}
