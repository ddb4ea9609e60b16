"""What a municipality's terms say, in plain words: what is recorded, how long it is kept, by what right."""

from collections.abc import Iterator

from policies.pages import Block, Item, Paragraph
from policies.terms import Hold, PlacedBy, Record, Terms, Title
from policies.words import FACTS, RECORDS, RELEASES, STAGES, TRIGGERS, Words

_DAYS_FREE = 365
"""Police data that goes within the year comes to no other stage, unless something holds it."""


def recorded(terms: Terms, language: str) -> Iterator[Block]:
    """What is recorded, from how long before until how long after; and what the regulation says besides."""
    yield Paragraph(_told(terms.recording, language))
    before, after = terms.prerecording_seconds, terms.postrecording_seconds
    if before:
        begins = Words(
            f"De opname begint {before} seconden voor het moment waarop de camera wordt aangezet.",
            f"The recording begins {before} seconds before the camera is switched on.",
        )
        yield Item(_told(begins, language))
    if after:
        ends = Words(
            f"De opname loopt door tot {after} seconden nadat de camera is uitgezet.",
            f"The recording goes on until {after} seconds after the camera is switched off.",
        )
        yield Item(_told(ends, language))
    yield from (Item(_told(remark, language)) for remark in terms.remarks)


def kept(terms: Terms, language: str) -> Iterator[Block]:
    """For how long, and what makes it longer."""
    days, wpg = _days(terms.term_days), terms.wpg_term_days and _days(terms.wpg_term_days)
    ordinary = Words(f"{days.nl}, vanaf het moment van opname.", f"{days.en}, from the moment of recording.")
    yield Paragraph(_told(ordinary, language))
    if wpg:
        police = Words(f"Onder de Wpg: {wpg.nl}.", f"Under the police data act (Wpg): {wpg.en}.")
        yield Paragraph(_told(police, language))
    if terms.term_of("wpg") > _DAYS_FREE:
        yield from (Item(_told(stage, language)) for stage in STAGES)
    longer = Words("Langer alleen hierom:", "Longer only for this:")
    never = Words("Nooit langer.", "Never longer.")
    yield Paragraph(_told(longer if terms.holds else never, language))
    for hold in terms.holds:
        yield Item(_told(hold.title, language))
        yield from (Item(_told(words, language), 1) for words in _hold(hold, terms))
    if terms.log_term_years:
        years = terms.log_term_years
        trail = Words(
            f"De inzagelog, waarin staat wie wat waarom zag: {years} jaar, vanaf elke regel.",
            f"The trail of who saw what, and why: {years} years, from each entry.",
        )
        yield Paragraph(_told(trail, language))


def _hold(hold: Hold, terms: Terms) -> Iterator[Words]:
    begin, end = TRIGGERS[hold.trigger], RELEASES[hold.released_by]
    if hold.asked_within_days:
        within = _days(hold.asked_within_days)
        yield Words(
            f"Begint met: {begin.nl}, binnen {within.nl} na de opname.",
            f"Begins with: {begin.en}, within {within.en} of the recording.",
        )
    else:
        yield Words(f"Begint met: {begin.nl}.", f"Begins with: {begin.en}.")
    yield _placed(hold.placed_by, terms)
    yield Words(f"Eindigt als: {end.nl}.", f"Ends when: {end.en}.")
    if hold.days_after:
        after = _days(hold.days_after)
        yield Words(f"Daarna nog {after.nl}.", f"After that another {after.en}.")
    else:
        yield Words("Daarna niet langer dan gewoonlijk.", "After that no longer than ordinarily.")


def _placed(by: PlacedBy | None, terms: Terms) -> Words:
    if by is None:
        return Words("Iemand stelt dat vast, met een reden.", "Somebody establishes that, with a reason.")
    purposes = [terms.purposes[purpose] for purpose in by.purposes]
    declared = [FACTS[_in_schema(name)] for name in by.prerequisites]
    nl, en = (
        [" of ".join(each.nl for each in told) for told in (purposes, declared) if told],
        [" or ".join(each.en for each in told) for told in (purposes, declared) if told],
    )
    return Words(
        f"Gaat vanzelf in bij een toegestaan verzoek: {'; en '.join(nl)}.",
        f"Sets in by itself with a request that is permitted: {'; and '.join(en)}.",
    )


def _in_schema(prerequisite: str) -> str:
    first, *others = prerequisite.split("-")
    return first + "".join(word.capitalize() for word in others)


def source(terms: Terms, language: str) -> Iterator[Block]:
    """Where the municipality published this, and its legal records."""
    found = terms.source
    read = _told(Words("geraadpleegd op", "consulted on"), language)
    address = f", {found.url}" if found.url else ""
    yield Item(f"{found.title}{address} ({read} {found.consulted:%d-%m-%Y}).")
    if terms.processing_activity:
        registered = Words(
            "In het register van verwerkingsactiviteiten", "In the record of processing activities"
        )
        yield Item(f"{_told(registered, language)}: {terms.processing_activity}.")
    if terms.wpg_processing_activity:
        police = Words("Onder de Wpg geregistreerd als", "Under the police data act (Wpg) registered as")
        yield Item(f"{_told(police, language)}: {terms.wpg_processing_activity}.")
    yield from records(terms, language)


def records(terms: Terms, language: str) -> Iterator[Block]:
    """The three legal records, and what it means when one is missing."""
    given = (terms.records.dpia, terms.records.works_council, terms.records.citizen_notice)
    for words, record in zip(RECORDS.values(), given, strict=True):
        named = _told(words, language)
        said = _record(record) if record else _told(Words("ontbreekt", "missing"), language)
        yield Item(f"{named[0].upper()}{named[1:]}: {said}.")
    if terms.records.missing():
        closed = Words(
            "Zolang een van deze stukken ontbreekt, worden van deze gemeente geen beelden aangenomen.",
            "As long as one of these records is missing, no footage of this municipality is taken in.",
        )
        yield Paragraph(_told(closed, language))


def _record(record: Record) -> str:
    parts = [f"{record.title}, {record.date:%d-%m-%Y}", record.reference, record.url]
    return ", ".join(str(part) for part in parts if part)


def _days(count: int) -> Words:
    return Words("1 dag", "1 day") if count == 1 else Words(f"{count} dagen", f"{count} days")


def _told(text: Words | Title, language: str) -> str:
    return text.en if language == "en" else text.nl
