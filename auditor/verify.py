"""Verification of a whole log by someone who trusts nobody but a key."""

import enum
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from auditor import merkle, reading, tiles
from auditor.checkpoints import Checkpoint, Signed, open_checkpoint
from auditor.findings import Finding, Kind
from auditor.merkle import HashAt
from auditor.notes import NoteBroken, VerifierKey
from auditor.reading import Absent, Place, Unreadable
from auditor.rederiving import Derived, Progress, rederive
from auditor.vouching import Seen, SeenBroken, seen_by


class Outcome(enum.IntEnum):
    """What a verification came to; the number is the exit code of the command."""

    PROVEN = 0
    MISMATCH = 1
    UNCHECKED = 2
    FORKED = 3


@dataclass
class Report:
    """What was verified, what was found, and what was not looked at."""

    log: VerifierKey
    signed: Signed | None = None
    since: Checkpoint | None = None
    minimum: int = 0
    unseen: int = 0
    """How many entries the log no longer shows."""
    seen: dict[VerifierKey, Seen] = field(default_factory=dict)
    """What each witness that was asked for cosigned last; the log begins with it."""
    not_cosigned: list[VerifierKey] = field(default_factory=list)
    """Witnesses that were asked for, and of which there is no cosignature that could be checked."""
    since_unknown: bool = False
    """The older checkpoint ends among hashes that the log no longer shows."""
    types: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def outcome(self) -> Outcome:
        """Mismatch before all; unchecked when something that was asked for could not be."""
        if self.findings:
            return Outcome.MISMATCH
        return Outcome.UNCHECKED if self.not_cosigned or self.since_unknown else Outcome.PROVEN


def verify(
    place: Place,
    log: VerifierKey,
    witnesses: Sequence[VerifierKey] = (),
    *,
    since: Signed | None = None,
    shown_from: int | None = None,
    progress: Progress = lambda _done, _of: None,
    processes: int | None = None,
) -> Report:
    """Verify the log at `place`: signatures, every entry, every tile, the root.

    `since`: a checkpoint of the same log that was kept, which this one must continue. `shown_from`: the index
    from which on entries must be shown; without it, as many may be pruned as the log says. The log must begin
    with what each of `witnesses` cosigned last. `processes`: as many as there are processors when None.
    Raises Unreadable when no answer came from which anything follows.
    """
    begin = time.monotonic()
    report = Report(log, since=since.checkpoint if since else None)
    _check(report, place, witnesses, shown_from, progress, processes)
    report.seconds = time.monotonic() - begin
    return report


def _check(
    report: Report,
    place: Place,
    witnesses: Sequence[VerifierKey],
    shown_from: int | None,
    progress: Progress,
    processes: int | None,
) -> None:
    _ask_witnesses(report, place, witnesses)
    try:
        # After what was cosigned: the log may grow meanwhile, and must not seem shorter than that.
        signed = open_checkpoint(reading.checkpoint(place), report.log, witnesses)
    except Absent:
        raise Unreadable("there is no checkpoint: is this a log?") from None
    except NoteBroken as broken:
        report.findings.append(Finding(Kind.CHECKPOINT, tiles.CHECKPOINT, str(broken)))
        return
    report.signed = signed
    size, older = signed.checkpoint.size, [seen.checkpoint.size for seen in report.seen.values()]
    if report.since:
        older.append(report.since.size)
    report.findings += [
        Finding(Kind.ROLLED_BACK, tiles.CHECKPOINT, f"{size} entries, {old} before")
        for old in sorted(set(older))
        if old > size
    ]
    report.minimum = reading.minimum(place)
    if report.minimum > (size if shown_from is None else min(size, shown_from)):
        report.findings.append(Finding(Kind.PRUNED, tiles.MINIMUM, f"shown from {report.minimum}"))
    derived = rederive(
        place,
        size,
        minimum=report.minimum,
        also=[old for old in older if old <= size],
        progress=progress,
        processes=processes,
    )
    report.types, report.unseen = derived.types, sum(tiles.width_of(0, n, size) for n in derived.unseen)
    report.findings += derived.findings
    _compare_roots(report, derived, signed.checkpoint)


def _compare_roots(report: Report, derived: Derived, now: Checkpoint) -> None:
    hash_at = derived.hash_at()
    try:
        root = merkle.root(hash_at, now.size)
    except LookupError:
        # What is missing is in the findings already, or it was called pruned and its hashes are not there.
        report.findings.append(Finding(Kind.ROOT, tiles.CHECKPOINT, "too much is missing to derive a root"))
        return
    if root != now.root:
        report.findings.append(Finding(Kind.ROOT, tiles.CHECKPOINT, f"derived {root.hex()}"))
    # More direct than a consistency proof: an older tree is a part of what was derived here.
    if report.since and report.since.size <= now.size:
        report.since_unknown = not _continues(report, hash_at, report.since, "")
    for witness, seen in list(report.seen.items()):
        if seen.checkpoint.size <= now.size and not _continues(
            report, hash_at, seen.checkpoint, f"{witness.name} saw another; "
        ):
            del report.seen[witness]
            report.not_cosigned.append(witness)


def _ask_witnesses(report: Report, place: Place, witnesses: Sequence[VerifierKey]) -> None:
    for witness in witnesses:
        try:
            seen = seen_by(place, report.log, witness)
        except SeenBroken as broken:
            report.findings.append(Finding(Kind.CHECKPOINT, broken.where, str(broken)))
            continue
        if seen:
            report.seen[witness] = seen
        else:
            report.not_cosigned.append(witness)


def _continues(report: Report, hash_at: HashAt, old: Checkpoint, whose: str) -> bool:
    """Whether it could be told if the log begins with `old`; a finding when it does not."""
    try:
        was = merkle.root(hash_at, old.size)
    except LookupError:
        return False
    if was != old.root:
        where = f"entry 0 to {old.size - 1}"
        report.findings.append(Finding(Kind.REWRITTEN, where, f"{whose}derived {was.hex()}"))
    return True
