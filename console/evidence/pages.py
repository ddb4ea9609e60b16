"""Evidence as a document: what the law asks and what is done for it, then the figures of the period."""

from collections.abc import Iterator, Sequence

from console.evidence.chapters import Say, chapters, in_language, moment
from policies.words import Words
from vault.documents import Block, Document, Heading, Language, Paragraph, Table
from vault.evidence.making import Evidence
from vault.evidence.requirements import Met

MET = {
    Met.MET: Words("ja", "yes"),
    Met.PARTLY: Words("deels", "partly"),
    Met.NOT: Words("nee", "no"),
}

FIGURES = {
    "records": Words("wettelijke stukken", "legal records"),
    "purposes": Words("toegang", "access"),
    "counts": Words("counts.csv", "counts.csv"),
    "denials": Words("weigeringen", "denials"),
    "requests": Words("verzoeken", "requests"),
    "grants": Words("toestemmingen", "grants"),
    "terms": Words("bewaartermijnen", "terms"),
    "disposals": Words("vernietiging en bewaarplichten", "disposal and holds"),
    "ruleChanges": Words("regels", "rules"),
    "integrity": Words("integriteit van het inzagelog", "integrity of the audit trail"),
    "rights": Words("rollen", "roles"),
    "signals": Words("signalen", "signals"),
}
"""How each of the figures is called in the text."""


def document(made: Evidence, language: Language) -> Document:
    """The evidence to be read by people, in one language."""
    told = made.told

    def say(dutch: str, english: str) -> str:
        return Words(dutch, english).in_language(language)

    return Document(
        title=say(f"Bewijs over {told.period}", f"Evidence of {told.period}"),
        subtitle=f"{told.name}, {moment(told.made_at)}",
        language=language,
        footer=_footer(made, say),
        blocks=list(_blocks(made, language, say)),
    )


def _footer(made: Evidence, say: Say) -> Sequence[str]:
    found = made.told.figures.integrity.checkpoint
    under = say("Nog geen controlepunt van het log.", "No checkpoint of the log yet.")
    if found:
        under = say(
            f"Controlepunt van het log: {found.size} regels, wortel {found.root}, {moment(found.signed_at)}",
            f"Checkpoint of the log: {found.size} entries, root {found.root}, {moment(found.signed_at)}",
        )
    return under, say(
        f"evidence.json: SHA-256 {made.sha256}; regel {made.entry}",
        f"evidence.json: SHA-256 {made.sha256}; entry {made.entry}",
    )


def _blocks(made: Evidence, language: Language, say: Say) -> Iterator[Block]:
    yield Paragraph(
        say(
            "Dit stuk vertelt wat de wet en de normen vragen, wat deze software daarvoor doet, welke test "
            "dat laat zien, en wat er in deze periode is gebeurd. Het telt handelingen en beelden, nooit "
            "personen (WOR art. 27 lid 1 onder k en l). Dezelfde cijfers staan in evidence.json; de SHA-256 "
            "daarvan staat onderaan elke bladzijde en in het inzagelog.",
            "This document tells what the law and the standards ask, what this software does for it, which "
            "test shows that, and what happened in this period. It counts acts and footage, never persons "
            "(WOR art. 27 lid 1 onder k en l). The same figures are in evidence.json; its SHA-256 stands at "
            "the foot of each page and in the audit trail.",
        )
    )
    if made.told.made_at < made.told.until:
        yield Paragraph(
            say(
                "De periode was nog niet om: de cijfers lopen tot het moment hierboven.",
                "The period was not over yet: the figures go on until the moment above.",
            )
        )
    yield from _requirements(made, language, say)
    yield from chapters(made.told.figures, language, say)


def _requirements(made: Evidence, language: Language, say: Say) -> Iterator[Block]:
    asked = say("Wat wordt gevraagd", "What is asked")
    yield Heading(asked)
    columns = (asked, say("bron", "source"), say("vervuld", "met"))
    rows = [
        (in_language(each.asks, language), each.source, MET[each.met].in_language(language))
        for each in made.told.requirements
    ]
    yield Table(columns, rows, widths=(4, 2.5, 0.8))
    yield Heading(say("Wat daarvoor wordt gedaan, en wat niet", "What is done for it, and what is not"))
    for each in made.told.requirements:
        yield Heading(f"{in_language(each.asks, language)}", 2)
        lacks = f"\n{say('Niet', 'Not')}: {in_language(each.lacks, language)}" if each.lacks else ""
        yield Paragraph(f"{in_language(each.control, language)}{lacks}")
        shown = say("Te zien in: ", "Shown by: ") + ", ".join([*each.where, *each.tests])
        figures = ", ".join(FIGURES[name].in_language(language) for name in each.figures)
        yield Paragraph(f"{shown}{say('. Cijfers: ', '. Figures: ') if figures else ''}{figures}.")
