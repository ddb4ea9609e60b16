"""Exporting what a question finds, all of it: for a court, a works council, an auditor, a complaint.

The entry that tells of it is committed before the first line leaves. It tells how many lines there are to be;
an export that is broken off has fewer, never others.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from policies.engine import Decision
from vault.audit import Event
from vault.ids import EntryId
from vault.trail.choosing import choose
from vault.trail.questions import Question, filters
from vault.trail.reading import Line, Under, decide, enter, line, rows_of, stretch, under_now
from vault.trail.telling import cells, event_told, moment_told
from vault.vault import Caller, Vault

MOST = {"csv": 50_000, "pdf": 1_000}
"""Lines of one export, by its form: what a spreadsheet still opens; what is laid out in some seconds, for a
PDF is made in memory, all of it."""
_AT_ONCE = 500


class TooMany(Exception):
    """More entries than one export may hold: narrow the question, such as to a shorter period."""


@dataclass(frozen=True)
class Export:
    """What was asked for and may leave, and the entry that tells of it."""

    decision: Decision
    question: Question
    exported_by: str
    at: datetime
    entry: EntryId
    under: Under | None
    """None when the policy denies: then there are no lines."""
    lines: Callable[[], Iterator[Line]]
    """In the order asked for, fetched and opened a few hundred at a time."""
    count: int

    def tables(self, language: str) -> Iterator[Mapping[str, str]]:
        """The rows of a table: that of the export itself, then one for each line."""
        yield self._itself(language)
        yield from (cells(each, language) for each in self.lines())

    def _itself(self, language: str) -> Mapping[str, str]:
        told = "; ".join(f"{name}: {value}" for name, value in self.question.filters().items())
        return {
            "at": moment_told(self.at),
            "event": Event.TRAIL_EXPORTED,
            "what": event_told(Event.TRAIL_EXPORTED, language),
            "who": self.exported_by,
            "purpose": self.question.purpose,
            "reason": told,
            "entry": str(self.entry),
            "checkpoint": (self.under.note if self.under else None) or "",
        }


def export(vault: Vault, caller: Caller, question: Question, *, form: str, now: datetime) -> Export:
    """All that `question` finds, for the form `form` (a key of MOST); its paging is left out of account.

    Raises TooMany, and then somebody who may read the trail learned only that; RuleSetMissing, facts.Unknown
    and NothingToFind as for reading it.
    """
    wanted = filters(question, vault.ring)
    with vault.database.transaction() as session:
        # 1. the facts; 2. the decision
        person, decision = decide(vault, session, caller, question, now)
        # 3. what will leave
        chosen: Sequence[int] = ()
        under = None
        if decision.permitted:
            chosen = choose(session, wanted, stretch(question), MOST[form] + 1)
            under = under_now(session)
        too_many = len(chosen) > MOST[form]
        # 4. the entry
        event = Event.TRAIL_EXPORTED if decision.permitted else Event.TRAIL_DENIED
        count = 0 if too_many else len(chosen)
        entry = enter(vault, session, caller, person, decision, event, question, count, now, form=form)
    if too_many:
        raise TooMany

    def lines() -> Iterator[Line]:
        for first in range(0, len(chosen), _AT_ONCE):
            some = chosen[first : first + _AT_ONCE]
            with vault.database.reading() as session:
                rows = rows_of(session, some)
            yield from (line(vault.ring, index, *rows[index]) for index in some if index in rows)

    return Export(decision, question, caller.name, now, entry, under, lines, count)
