"""What goes to a collector at once: the records of some questions; also where a payload says nonsense."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog

from vault.exports.decisions import Record
from vault.exports.entries import Told
from vault.exports.processings import Line

log = structlog.get_logger()

Of = TypeVar("Of", Record, Line)
_NOT_OURS = (ValueError, TypeError, LookupError, AttributeError)
"""What comes of a payload that says what none of ours would."""


@dataclass(frozen=True)
class Made:
    """A request, ready to be sent; and how many records are in it."""

    request: bytes
    records: int


def request_of(
    questions: Sequence[list[Told]],
    tell: Callable[[Sequence[list[Told]]], list[Of]],
    encode: Callable[[Sequence[Of]], bytes],
) -> Made:
    """The request with all that is told of these questions.

    Whoever may append can seal a payload that says what none of ours would, such as a recording that is no
    id: then the leaf must do, and those behind it do not wait.
    """
    try:
        made = tell(questions)
        return Made(encode(made), len(made))
    except _NOT_OURS:
        pass
    made = []
    for question in questions:
        try:
            found = tell([question])
            encode(found)
        except _NOT_OURS:
            # Without the error's text, which may quote what the payload says.
            log.error("export.entry-broken", why=str(question[0].id))  # noqa: TRY400
            found = tell([[replace(told, payload=None) for told in question]])
        made += found
    return Made(encode(made), len(made))
