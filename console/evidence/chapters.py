"""The figures of the evidence as chapters: what is better seen than read is a picture, and a table too."""

from collections.abc import Callable, Iterator
from datetime import datetime

from console.evidence.charts import asked_by_month, watched_by_month
from policies.retention import AMSTERDAM
from policies.words import RECORDS
from vault.documents import Block, Heading, Language, Paragraph, Table
from vault.evidence.figures import Figures, Text

Say = Callable[[str, str], str]
"""Of a text in Dutch and in English, the one in the document's language."""


def chapters(figures: Figures, language: Language, say: Say) -> Iterator[Block]:
    """Every figure, told."""
    yield from _access(figures, language, say)
    yield from _handling(figures, say)
    yield from _terms(figures, say)
    yield from _disposals(figures, language, say)
    yield from _integrity(figures, say)
    yield from _signals(figures, language, say)
    yield from _governing(figures, language, say)


def moment(at: datetime) -> str:
    """A moment as a person in the Netherlands reads it."""
    return f"{at.astimezone(AMSTERDAM):%d-%m-%Y %H:%M}"


def in_language(text: Text, language: Language) -> str:
    """The text in the document's language."""
    return text.en if language == "en" else text.nl


def _access(figures: Figures, language: Language, say: Say) -> Iterator[Block]:
    yield Heading(say("Toegang", "Access"))
    yield from asked_by_month(figures, language)
    columns = say(
        "Doel;gevraagd;door regels toegestaan;door regels geweigerd;goedgekeurd;afgewezen",
        "Purpose;asked;allowed by rules;refused by rules;approved;rejected",
    ).split(";")
    rows = [
        (
            in_language(each.title, language),
            *map(str, (each.asked, each.allowed, each.refused, each.approved, each.rejected)),
        )
        for each in figures.purposes
    ]
    yield Table(columns, rows, widths=(3, 1, 1.2, 1.2, 1.3, 1.1), numbers=range(1, 6))
    yield from watched_by_month(figures, language)
    columns = say(
        "Doel;stukken bekeken;opnamen bekeken;bekijken geweigerd",
        "Purpose;ranges watched;recordings watched;watching denied",
    ).split(";")
    rows = [
        (
            in_language(each.title, language),
            *map(str, (each.ranges_watched, each.recordings_watched, each.watching_denied)),
        )
        for each in figures.purposes
    ]
    yield Table(columns, rows, widths=(3, 1.3, 1.3, 1.3), numbers=range(1, 4))
    yield Heading(say("Weigeringen", "Denials"))
    if not figures.denials:
        yield Paragraph(say("In deze periode is niets geweigerd.", "Nothing was denied in this period."))
        return
    yield Paragraph(
        say(
            "Eén weigering kan op meer regels berusten en telt dan bij elk.",
            "One denial can rest on several rules, and then counts with each.",
        )
    )
    columns = say("Regel;grondslag;aantal", "Rule;basis;number").split(";")
    denied = [
        (f"{in_language(each.title, language)} [{each.rule}]", each.basis, str(each.number))
        for each in figures.denials
    ]
    yield Table(columns, denied, widths=(3, 2, 0.8), numbers=(2,))


def _handling(figures: Figures, say: Say) -> Iterator[Block]:
    requests, grants = figures.requests, figures.grants
    yield Heading(say("Verzoeken en toestemmingen", "Requests and grants"))
    yield _pairs(
        say,
        (say("Verzoeken gedaan", "Requests made"), requests.made),
        (say("Door een persoon beslist", "Decided by a person"), requests.decided_by_person),
        (say("Wachten nog", "Still waiting"), requests.still_waiting),
        (say("Wachttijd, helft binnen (uren)", "Waiting, half within (hours)"), requests.median_hours),
        (
            say("Wachttijd, negen van tien binnen (uren)", "Waiting, nine of ten within (hours)"),
            requests.ninth_decile_hours,
        ),
        (say("Langste wachttijd (uren)", "Longest waiting (hours)"), requests.longest_hours),
        (say("Toestemmingen gegeven", "Grants issued"), grants.issued),
        (say("Waarvan ingetrokken", "Of which revoked"), grants.revoked),
        (say("Langste toestemming (uren)", "Longest grant (hours)"), grants.longest_hours),
        (say("Ten hoogste toegestaan (uren)", "Longest allowed (hours)"), grants.longest_allowed_hours),
        (say("Stukken bekeken", "Ranges watched"), grants.ranges_watched),
        (say("Waarvan het einde bekend is", "Of which the end is known"), grants.ranges_completed),
    )


def _terms(figures: Figures, say: Say) -> Iterator[Block]:
    terms = figures.terms
    yield Heading(say("Bewaartermijnen", "Terms"))
    yield _pairs(
        say,
        (say("Opnamen aangekondigd", "Recordings announced"), terms.announced),
        (say("Opnamen bewaard", "Recordings kept"), terms.kept),
        (say("In quarantaine", "In quarantine"), terms.quarantined),
        (say("Termijnen die afliepen", "Terms that ended"), terms.terms_ended),
        (say("Waarvan de beelden er nog zijn", "Of which the footage is still there"), terms.still_there),
        (say("Langst te laat (dagen)", "Longest overdue (days)"), terms.longest_overdue_days),
        (say("Opnamen nu", "Recordings now"), terms.there_now),
    )


def _disposals(figures: Figures, language: Language, say: Say) -> Iterator[Block]:
    told = figures.disposals
    yield Heading(say("Vernietiging en bewaarplichten", "Disposal and holds"))
    yield _pairs(
        say,
        *(
            (f"{say('Vernietigd', 'Disposed of')}: {in_language(each.title, language)}", each.number)
            for each in told.by_ground
        ),
        (say("Vernietigd, samen", "Disposed of, together"), told.disposed),
        (say("Waarvan met verklaring", "Of which with a certificate"), told.with_certificate),
        (say("Sleutels vernietigd", "Keys destroyed"), told.begun),
        (say("Te laat aan het einde", "Overdue at the end"), told.overdue_at_end),
        (say("Aan het einde nog onderweg", "Still under way at the end"), told.unfinished_at_end),
        (say("Opnamen onder een bewaarplicht", "Recordings under a hold"), told.held_at_end),
        (say("Bewaarplichten ingegaan", "Holds placed"), told.holds_placed),
        (say("Bewaarplichten opgeheven", "Holds lifted"), told.holds_lifted),
        (say("Vervroegd wissen gevraagd", "Early erasure asked for"), told.erasures_asked),
        (say("Waarvan goedgekeurd", "Of which approved"), told.erasures_approved),
    )
    yield Paragraph(
        say(
            "Van elke vernietiging is er een verklaring die een buitenstaander zonder ons nagaat "
            "(bodycam-vault certificate).",
            "Of each disposal there is a certificate that an outsider checks without us (bodycam-vault "
            "certificate).",
        )
    )


def _integrity(figures: Figures, say: Say) -> Iterator[Block]:
    told = figures.integrity
    yield Heading(say("Integriteit van het inzagelog", "Integrity of the audit trail"))
    yield _pairs(
        say,
        (say("Regels van deze gemeente", "Entries of this municipality"), told.entries),
        (say("Nog niet onder een controlepunt", "Not under a checkpoint yet"), told.not_yet_in_log),
        (say("Controlepunten bewaard", "Checkpoints kept"), told.checkpoints_kept),
        (say("Controles van de hele installatie", "Checks of the whole installation"), told.checks),
        (say("Waarvan met bevindingen", "Of which with findings"), told.checks_with_findings),
        (say("Laatste controle", "Last check"), moment(told.last_check_at) if told.last_check_at else None),
        (say("Inzagelog gelezen of uitgevoerd", "Trail read or exported"), told.trail_read),
        (say("Lezen geweigerd", "Reading denied"), told.trail_denied),
    )
    if not told.witnesses:
        yield Paragraph(
            say(
                "Geen getuige heeft het log in deze periode mee ondertekend.",
                "No witness cosigned the log in this period.",
            )
        )
        return
    columns = say("Getuige;ondertekend;eerste;laatste", "Witness;cosigned;first;last").split(";")
    rows = [
        (each.witness, str(each.cosignatures), moment(each.first_at), moment(each.last_at))
        for each in told.witnesses
    ]
    yield Table(columns, rows, widths=(3, 1, 1.5, 1.5), numbers=(1,))


def _signals(figures: Figures, language: Language, say: Say) -> Iterator[Block]:
    yield Heading(say("Signalen", "Signals"))
    columns = say(
        "Signaal;gegeven;afgehandeld;open;helft binnen (uren)",
        "Signal;raised;settled;open;half within (hours)",
    ).split(";")
    rows = [
        (
            in_language(each.title, language),
            *map(str, (each.raised, each.settled, each.open)),
            "-" if each.median_hours is None else str(each.median_hours),
        )
        for each in figures.signals
    ]
    yield Table(columns, rows, widths=(4, 1, 1.2, 0.8, 1.4), numbers=range(1, 5))


def _governing(figures: Figures, language: Language, say: Say) -> Iterator[Block]:
    yield Heading(say("Regels, rollen en wettelijke stukken", "Rules, roles and legal records"))
    nothing = say(
        "In deze periode zijn de regels niet gewijzigd.", "The rules did not change in this period."
    )
    if figures.rule_changes:
        columns = say(
            "Regelset;voorgesteld;in werking;twee personen", "Rule set;proposed;in force;two persons"
        ).split(";")
        yes, no = say("ja", "yes"), say("nee", "no")
        rows = [
            (
                each.digest[:16],
                f"{moment(each.proposed_at)} ({each.proposed_by or 'software'})",
                f"{moment(each.activated_at)} ({each.activated_by or 'software'})"
                if each.activated_at
                else "-",
                yes if each.two_persons else no,
            )
            for each in figures.rule_changes
        ]
        yield Table(columns, rows, widths=(1.5, 2, 2, 1))
    else:
        yield Paragraph(nothing)
    rights = figures.rights
    yield _pairs(
        say,
        *(
            (f"{say('Rol', 'Role')}: {in_language(each.title, language)}", each.persons)
            for each in rights.roles
        ),
        (
            say("Rollen van wie vertrok: in te trekken", "Roles of who left: to be withdrawn"),
            rights.of_persons_who_left,
        ),
        (say("Rollen gegeven in de periode", "Roles given in the period"), rights.assigned),
        (say("Rollen ingetrokken in de periode", "Roles withdrawn in the period"), rights.withdrawn),
    )
    missing = say("ontbreekt", "missing")
    rows = [
        (
            RECORDS[each.record].in_language(language),
            each.title or missing,
            f"{each.date:%d-%m-%Y}" if each.date else "-",
            each.reference or "-",
        )
        for each in figures.records
    ]
    columns = say("Stuk;titel;datum;kenmerk", "Record;title;date;reference").split(";")
    yield Table(columns, rows, widths=(2.5, 2.5, 1.2, 1.4))


def _pairs(say: Say, *pairs: tuple[str, object]) -> Table:
    rows = [(name, "-" if value is None else str(value)) for name, value in pairs]
    return Table(say("Wat;aantal", "What;number").split(";"), rows, widths=(3, 1), numbers=(1,))
