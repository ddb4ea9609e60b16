"""What a certificate of disposal says to people, in Dutch or English: the same on paper and on a screen."""

from collections.abc import Callable, Iterator
from datetime import date, datetime

from auditor.disposals import Held
from policies.retention import AMSTERDAM
from policies.terms import Trigger
from policies.words import TRIGGERS, Words
from vault.disposal.certificates import Certificate
from vault.disposal.tables import Ground

GROUNDS = {
    Ground.TERM_OVER: Words("de bewaartermijn was om", "its term was over"),
    Ground.WRONGLY_RECORDED: Words("ten onrechte opgenomen", "wrongly recorded"),
    Ground.INSIDE_DWELLING: Words("opgenomen in een woning", "recorded inside a dwelling"),
    Ground.OBJECTION_GRANTED: Words("een bezwaar is toegewezen", "an objection was granted"),
}
REGIMES = {"avg": Words("AVG", "GDPR"), "wpg": Words("Wpg", "Police Data Act (Wpg)")}
INTRODUCTION = Words(
    "Deze verklaring zegt dat één opname is vernietigd, volgens welke regels, wanneer en waardoor. Er staat "
    "niemand in genoemd.",
    "This certificate says that one recording was destroyed, by which rules, when and by what. It names "
    "nobody.",
)
_EARLY = Words(
    "Deze opname is gewist voordat haar termijn om was: de een vroeg erom, een ander keurde het goed. Wie, "
    "en met welke reden, staat in het inzagelog.",
    "This recording was erased before its term was over: one asked for it, another approved. Who, and for "
    "which reason, stands in the audit trail.",
)
_KEY_FIRST = Words(
    "Eerst is de sleutel vernietigd: vanaf dat moment kon niets of niemand de opname nog openen. Daarna zijn "
    "alle versies van de versleutelde objecten verwijderd.",
    "First the key was destroyed: from then on nothing and nobody could open the recording. Then every "
    "version of the encrypted objects was removed.",
)
_LOCKED = Words(
    "De opslag hield de objecten vergrendeld tot {until}. De sleutel was toen al weg; de objecten zijn "
    "verwijderd zodra de vergrendeling dat toeliet.",
    "The store kept the objects locked until {until}. The key had gone by then; the objects were removed as "
    "soon as the lock let them.",
)
_BACKUPS_GONE = Words(
    "Een back-up opent de opname niet meer: de sleutel waaronder haar eigen sleutel verpakt was, is "
    "vernietigd op {at} (regel {index} in het log).",
    "No backup opens the recording any more: the key under which its own was wrapped was destroyed on {at} "
    "(entry {index} in the log).",
)
_EARLIER_BACKUPS = Words(
    "Alleen wat gekopieerd is terwijl de opname binnenkwam (een back-up van die minuten, of een archief van "
    "wijzigingen van de database) opent haar met de sleutels van de kluis nog, tot ook de sleutel is "
    "vervangen waarmee ze binnenkwam: ongeveer negen dagen na binnenkomst.",
    "Only what was copied while the recording came in (a backup of those minutes, or an archive of the "
    "database's changes) still opens it with the vault's keys, until the key that it came in with is "
    "replaced, too: about nine days after it came in.",
)
_BACKUPS_STAY = Words(
    "Nog niet aangetoond: dat ook de sleutel vernietigd is waarmee een back-up van vóór de vernietiging te "
    "openen is. {when} Vraag de verklaring daarna opnieuw.",
    "Not shown yet: that the key is destroyed, too, that opens a backup of before the disposal. {when} Ask "
    "for the certificate again after that.",
)
_EXPIRES = Words("Die vervalt met de dag {day}.", "It expires with the day {day}.")
NO_KEY = Words(
    "Er was geen sleutel meer: van deze opname was niets te openen.",
    "There was no key any more: nothing of this recording could be opened.",
)
CHECKING = Words(
    "Bij deze verklaring hoort een bestand (JSON) met dezelfde inhoud, de regel in het log die haar SHA-256 "
    "noemt, en het bewijs dat die regel in het log staat. Wie de sleutel van het log heeft, gaat dat na "
    "zonder netwerk en zonder ons: python -m auditor verify-certificate BESTAND --key SLEUTEL. Op papier "
    "bewijst ze niets.",
    "With this certificate goes a file (JSON) of the same content, with the entry in the log that names its "
    "SHA-256, and the proof that this entry is in the log. Who has the log's key checks that without a "
    "network and without us: python -m auditor verify-certificate FILE --key KEY. On paper it proves "
    "nothing.",
)
LIMITS = Words(
    "Ze zegt niets van kopieën die het systeem verlaten hebben, zoals een verstrekking.",
    "It says nothing of copies that left the system, such as a disclosure.",
)


def what(certificate: Certificate, language: str) -> Iterator[tuple[str, str]]:
    """What was destroyed and under which rule: names and values."""
    told = certificate.statement
    say = _speaker(language)
    ground = Ground(told.ground)
    yield say("Opname", "Recording"), told.recording
    yield say("Opgenomen op", "Recorded on"), _day(told.recorded_on)
    yield say("Omvang van de beelden", "Size of the footage"), f"{told.length} bytes"
    yield say("SHA-256 van de beelden", "SHA-256 of the footage"), told.sha256 or "-"
    yield say("Waarom", "Why"), GROUNDS[ground].in_language(language)
    yield say("Regime", "Regime"), REGIMES[told.regime].in_language(language)
    yield (
        say("Bewaartermijn", "Term"),
        say(
            f"{told.term_days} dagen vanaf {_day(told.term_from)}",
            f"{told.term_days} days from {_day(told.term_from)}",
        ),
    )
    for hold in told.holds:
        yield say("Bewaarplicht", "Hold"), _hold(hold, language)
    yield say("Te vernietigen vanaf", "To be destroyed from"), _moment(told.due)
    yield say("Regels (SHA-256)", "Rules (SHA-256)"), told.rule_set


def when(certificate: Certificate, language: str) -> Iterator[tuple[str, str]]:
    """When and by what: names and values."""
    told = certificate.statement
    say = _speaker(language)
    yield say("Begonnen", "Begun"), _moment(told.begun)
    yield say("Sleutel vernietigd", "Key destroyed"), _moment(told.key_destroyed)
    yield (
        say("Objecten vernietigd", "Objects destroyed"),
        say(
            f"{_moment(told.objects_discarded)}: {told.objects}, samen {told.bytes} bytes",
            f"{_moment(told.objects_discarded)}: {told.objects}, {told.bytes} bytes together",
        ),
    )
    yield say("Door", "By"), f"{told.process.name} ({told.process.software})"


def how(certificate: Certificate, language: str) -> Iterator[str]:
    """Key and objects, each by itself, and what that means for backups."""
    told = certificate.statement
    if told.early:
        yield _EARLY.in_language(language)
    yield (_KEY_FIRST if told.key_id else NO_KEY).in_language(language)
    if told.locked_until and told.locked_until > told.key_destroyed:
        yield _LOCKED.in_language(language).format(until=_moment(told.locked_until))
    if certificate.key:
        gone = {"at": _moment(certificate.key.at), "index": certificate.key.index}
        yield _BACKUPS_GONE.in_language(language).format_map(gone)
        if told.early:
            # At the end of a term that key is long gone: no term is that short.
            yield _EARLIER_BACKUPS.in_language(language)
    elif told.key_id:
        expires = told.key_expires
        until = _EXPIRES.in_language(language).format(day=_day(expires)) if expires else ""
        yield " ".join(_BACKUPS_STAY.in_language(language).format(when=until).split())


def _hold(hold: Held, language: str) -> str:
    say = _speaker(language)
    why = TRIGGERS[Trigger(hold.trigger)].in_language(language)
    released = _moment(hold.released_at) if hold.released_at else "-"
    days = hold.days_after
    return say(
        f"{why}, van {_moment(hold.placed_at)} tot {released}, en nog {days} dagen",
        f"{why}, from {_moment(hold.placed_at)} to {released}, and {days} days after",
    )


def _speaker(language: str) -> Callable[[str, str], str]:
    return lambda nl, en: en if language == "en" else nl


def _day(day: date) -> str:
    return f"{day:%d-%m-%Y}"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(AMSTERDAM):%d-%m-%Y %H:%M:%S %Z}"
