"""How much of the house one check looks at, and to whom it tells how far it is."""

import enum
from collections.abc import Callable

Tell = Callable[[str, int, int], None]
"""Told what was looked at, how many of it, and of how many about."""


class Depth(enum.Enum):
    """How much of the footage is opened. All else is always looked at whole."""

    NIGHT = "night"
    """So many recordings as a night allows, each at its first and last chunk and one between."""
    EVERY = "every"
    """Every recording, at its first and last chunk and one between."""
    DEEP = "deep"
    """Every byte of every recording, and its digest."""


def quiet(_what: str, _done: int, _of: int) -> None:
    """Told of how far it is, say nothing."""


class Tally:
    """Remembers how much was looked at, by what."""

    def __init__(self) -> None:
        self.looked_at: dict[str, int] = {"stored": 0, "opened": 0, "terms": 0, "told": 0}

    def __call__(self, what: str, done: int, _of: int) -> None:
        self.looked_at[what] = done
