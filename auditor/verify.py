"""Verification of a whole log by someone who trusts nobody but a key."""

import enum
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from auditor import merkle, reading, tiles
from auditor.checkpoints import Checkpoint, Signed, open_checkpoint
from auditor.findings import Finding, Kind
from auditor.notes import NoteBroken, VerifierKey
from auditor.reading import Absent, Place, Unreadable
from auditor.rederiving import Derived, Progress, rederive


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
    not_cosigned: list[VerifierKey] = field(default_factory=list)
    """Witnesses that were asked for and have not cosigned this checkpoint."""
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
    from which on entries must be shown; without it, as many may be pruned as the log says. With `witnesses`
    the newest cosigned checkpoint is verified, where the log shows one. `processes`: as
    many as there are processors when None. Raises Unreadable when no answer came from which anything follows.
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
    try:
        note = reading.checkpoint(place, cosigned=bool(witnesses))
        signed = open_checkpoint(note, report.log, witnesses)
    except Absent:
        raise Unreadable("there is no checkpoint: is this a log?") from None
    except NoteBroken as broken:
        report.findings.append(Finding(Kind.CHECKPOINT, tiles.CHECKPOINT, str(broken)))
        return
    report.signed = signed
    report.not_cosigned = [witness for witness in witnesses if witness not in signed.cosigned_at]
    size, old = signed.checkpoint.size, report.since.size if report.since else 0
    if old > size:
        report.findings.append(Finding(Kind.ROLLED_BACK, tiles.CHECKPOINT, f"{size} entries, {old} before"))
    report.minimum = reading.minimum(place)
    if report.minimum > (size if shown_from is None else min(size, shown_from)):
        report.findings.append(Finding(Kind.PRUNED, tiles.MINIMUM, f"shown from {report.minimum}"))
    derived = rederive(
        place, size, minimum=report.minimum, also=min(old, size), progress=progress, processes=processes
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
    if report.since is None or report.since.size > now.size:
        return
    # More direct than a consistency proof: the older tree is a part of what was derived here.
    try:
        was = merkle.root(hash_at, report.since.size)
    except LookupError:
        report.since_unknown = True
        return
    if was != report.since.root:
        where = f"entry 0 to {report.since.size - 1}"
        report.findings.append(Finding(Kind.REWRITTEN, where, f"derived {was.hex()}"))
