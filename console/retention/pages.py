"""The overview as a document: what is due when is a picture, and a table for who cannot see it."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from console.retention.groups import grouped
from console.retention.words import day, moment, triggers_in
from policies.words import Words
from vault.disposal.foresight import Overview
from vault.disposal.timetable import day_of
from vault.documents import Block, Chart, Document, Heading, Language, Paragraph, Series, Table

Say = Callable[[str, str], str]
"""Of a text in Dutch and in English, the one in the document's language."""
MOST_LABELS = 32
"""Bars under which there is room to say which day or month each is."""


def document(found: Overview, language: Language) -> Document:
    """The overview to be read by people, in one language."""

    def say(dutch: str, english: str) -> str:
        return Words(dutch, english).in_language(language)

    rules = say(f"Regels: {found.rule_set}", f"Rules: {found.rule_set}")
    return Document(
        title=say("Wat wanneer wordt vernietigd", "What is due when"),
        subtitle=f"{found.name}, {moment(found.at)}",
        language=language,
        footer=(rules,),
        blocks=list(_blocks(found, language, say)),
    )


def _blocks(found: Overview, language: Language, say: Say) -> Iterator[Block]:
    yield Paragraph(
        say(
            "Dit overzicht telt opnamen, nooit personen. Een dag is een kalenderdag in Nederland; op die dag "
            "is de bewaartermijn om. Wat wordt vastgehouden heeft geen einde zolang niemand het vrijgeeft.",
            "This overview counts recordings, never persons. A day is a calendar day in the Netherlands; on "
            "that day the term is over. What is held has no end until somebody releases it.",
        )
    )
    yield from _due(found, say)
    yield from _held(found, language, say)
    yield Heading(say("Onder handen", "Under way"))
    unfinished = found.unfinished
    locked_until = moment(unfinished.locked_until) if unfinished.locked_until else "-"
    yield _pairs(
        say,
        (say("Sleutel vernietigd, nog niet afgerond", "Key destroyed, not finished"), unfinished.number),
        (say("Waarvan de opslag nog op slot zit", "Of which the store is locked"), unfinished.locked),
        (say("Uiterlijk tot", "Until, at the latest"), locked_until),
        (
            say("Vroegtijdige vernietiging: wacht op besluit", "Early erasure: waits for a decision"),
            found.erasures_waiting,
        ),
    )


def _due(found: Overview, say: Say) -> Iterator[Block]:
    counts = found.due
    yield Heading(say("Te vernietigen", "Due"))
    shown = grouped(counts.days, day_of(found.at), found.last)
    if shown:
        yield _picture(shown, say)
        columns = say("Wanneer;opnamen", "When;recordings").split(";")
        rows = [(name, str(number)) for name, number in shown.items() if number]
        yield Table(columns, rows, widths=(3, 1), numbers=(1,))
    yield _pairs(
        say,
        (say("Te laat (moet nul zijn)", "Overdue (must be zero)"), counts.overdue),
        (
            say(f"Tot en met {day(found.last)}", f"Up to and including {day(found.last)}"),
            sum(counts.days.values()),
        ),
        (say("Later, na iets dat het vasthield", "Later, after something held it"), counts.later),
        (say("Bewaartermijn (dagen)", "Term (days)"), found.term_days),
        (say("Bewaartermijn onder de Wpg (dagen)", "Term under the Wpg (days)"), found.wpg_term_days),
    )


def _picture(shown: Mapping[str, int], say: Say) -> Chart:
    title = say("Opnamen waarvan de termijn om is", "Recordings whose term is over")
    told = ", ".join(f"{name}: {number}" for name, number in shown.items() if number)
    groups = _labels(list(shown)) if len(shown) <= MOST_LABELS else [""] * len(shown)
    return Chart(
        title, f"{title}. {told}.", groups, [Series(say("opnamen", "recordings"), [*shown.values()])]
    )


def _labels(names: Sequence[str]) -> list[str]:
    """What stands under each bar: the day, and where a month begins that too; there is room for no more."""
    labels = []
    for place, name in enumerate(names):
        first, *rest = name.split("-")
        by_day = len(rest) > 1
        labels.append(first if by_day and place and first != "01" else f"{first}-{rest[0]}")
    return labels


def _held(found: Overview, language: Language, say: Say) -> Iterator[Block]:
    yield Heading(say("Vastgehouden", "Held"))
    if not found.held:
        yield Paragraph(say("Niets wordt vastgehouden.", "Nothing is held."))
        return
    columns = say("Waarom;opnamen;sinds;langst niet bekeken", "Why;recordings;since;longest without a look")
    rows = [
        (
            triggers_in([each.trigger], language),
            str(each.recordings),
            moment(each.since),
            moment(each.reviewed_at),
        )
        for each in found.held
    ]
    yield Table(columns.split(";"), rows, widths=(3, 1, 1.5, 1.5), numbers=(1,))


def _pairs(say: Say, *pairs: tuple[str, object]) -> Table:
    rows = [(name, str(value)) for name, value in pairs]
    return Table(say("Wat;aantal", "What;number").split(";"), rows, widths=(3, 1), numbers=(1,))
