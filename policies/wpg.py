"""What stage police data is in (Wpg): the older footage is, the less it may serve. From the day it was made.

| stage | from | what the law lets one do |
|---|---|---|
| free | the recording | the daily police task (art. 8 lid 1) |
| compared | one year | compared with what is free; used further on a hit (art. 8 lid 2 en 3) |
| removed | five years | kept for complaints and accountability, not disclosed (art. 8 lid 6, 14 lid 1 en 2) |
| destroyed | ten years | nothing (art. 14 lid 1) |

Read in the law's text as it was in 2018; that it holds for municipalities is the Besluit politiegegevens
buitengewoon opsporingsambtenaren (Stb. 2019, 85). Two things need a lawyer's eye: footage of an investigation
(art. 9) has other terms, and what the competent authority orders anew (art. 14 lid 3) is not foreseen here.
Which purposes a stage lets through is a rule for all (shared.cedar).
"""

from datetime import datetime
from enum import StrEnum

from policies.moments import milliseconds
from policies.retention import years_before

LONGEST_TERM_DAYS = 3652
"""Ten years with two leap days, the fewest they have: no term of police data is longer."""


class Stage(StrEnum):
    """How far police data has come."""

    FREE = "free"
    COMPARED = "compared"
    REMOVED = "removed"
    DESTROYED = "destroyed"


YEARS = {Stage.COMPARED: 1, Stage.REMOVED: 5, Stage.DESTROYED: 10}
"""Calendar years in Amsterdam from which each begins; until the first it is free."""


def state_of(recorded_at: datetime, now: datetime) -> Stage:
    """The stage of police data made then, as the rules count: whole milliseconds.

    Raises ValueError for a time without zone.
    """
    made = milliseconds(recorded_at)
    for stage, years in reversed(YEARS.items()):
        if made <= milliseconds(years_before(now, years)):
            return stage
    return Stage.FREE
