"""A year in the life of five municipalities, by a clock of its own.

    python -m tests.year [--days 365] [--recordings 60] [--seed 1]

Recordings come in, are asked for, watched, held, released, erased early, and disposed of when their term is
over; the keeper is killed again and again, the disk is lost once, an old backup falls into the wrong hands,
rules change. At the end nothing may have gone a day early or late, the check finds nothing, every certificate
verifies offline, and a picture shows the year. Exits with 1 when something is wrong.
"""

import argparse
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import structlog

from tests.year import verdict
from tests.year.ledger import AMSTERDAM
from tests.year.picture import draw
from tests.year.playing import Play
from tests.year.world import build


def main() -> int:
    """Play the year, and say how it was."""
    given = _arguments()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    began = time.monotonic()
    first = datetime.now(UTC).astimezone(AMSTERDAM).date() - timedelta(days=given.days + 1)
    with tempfile.TemporaryDirectory(prefix="bodycam-year-", dir=given.folder) as folder:
        world = build(Path(folder), datetime(first.year, first.month, first.day, 4, tzinfo=UTC), given.seed)
        play = Play(world, given.recordings)
        for number in range(given.days):
            play.day(number, given.days)
            if number % 7 == 6:
                _tell(play.weeks[-1].ends, number + 1, given.days, began)
        play.end()
        print(draw(play.weeks, play.events))
        print()
        found = [*play.complaints, *verdict.complaints(world)]
        for what, count in sorted(world.counts.items()):
            print(f"{count:>9}  {what}")
    print()
    for complaint in found[:50]:
        print(f"WRONG  {complaint}")
    minutes = (time.monotonic() - began) / 60
    print(f"{given.days} days in {minutes:.1f} minutes: {'nothing is wrong' if not found else len(found)}")
    return 1 if found else 0


def _tell(day: date, number: int, days: int, began: float) -> None:
    print(f"  {day:%d-%m-%Y}  day {number} of {days}, {time.monotonic() - began:.0f} s", file=sys.stderr)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--recordings", type=int, default=60, help="a day, in all municipalities together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where to play; the system's temporary folder")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
