"""What can go wrong at the vault's doors, and what to do about it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from policies.problems import RuleSetInvalid
from policies.rules import Obligation, Rule
from policies.words import OBLIGATIONS
from vault.web.problem import Problem, Refused, Text


def _problem(status: int, name: str, nl: str, en: str, detail_nl: str, detail_en: str) -> Problem:
    return Problem(name, status, Text(nl, en), Text(detail_nl, detail_en))


TOKEN_REFUSED = _problem(
    401,
    "token-refused",
    "Niet aangemeld",
    "Not signed in",
    "Meld u opnieuw aan: het token ontbreekt, is verlopen, of is niet voor deze dienst.",
    "Sign in again: the token is missing, expired, or not for this service.",
)
PERSON_UNKNOWN = _problem(
    403,
    "person-unknown",
    "Niet geregistreerd",
    "Not registered",
    "U bent aangemeld, maar hier niet geregistreerd. Vraag de functioneel beheerder om u een rol te geven.",
    "You are signed in, but not registered here. Ask the functional administrator to give you a role.",
)
PROVIDER_AWAY = _problem(
    503,
    "provider-away",
    "Aanmelddienst niet bereikbaar",
    "Identity provider not reachable",
    "Uw token kan nu niet worden gecontroleerd. Probeer het over een minuut opnieuw.",
    "Your token cannot be checked now. Try again in a minute.",
)
DENIED = _problem(
    403,
    "denied",
    "Niet toegestaan",
    "Not permitted",
    "De regels van de gemeente staan dit niet toe; bij 'reasons' staat welke regel, en op welke grond.",
    "The municipality's rules do not permit this; 'reasons' tells which rule, and on what basis.",
)
OBLIGATION_UNMET = _problem(
    403,
    "obligation-unmet",
    "Voorwaarde niet uitvoerbaar",
    "Obligation cannot be met",
    "De toestemming stelt een voorwaarde die deze speler nog niet kan uitvoeren; er is niets getoond.",
    "The grant demands something that this player cannot do yet; nothing was shown.",
)
NOT_FOUND = _problem(
    404,
    "not-found",
    "Niet gevonden",
    "Not found",
    "Hier is niets met dit kenmerk.",
    "There is nothing here by that id.",
)
METHOD = _problem(
    405,
    "method-not-allowed",
    "Methode niet toegestaan",
    "Method not allowed",
    "Dit adres kent die methode niet; de kop Allow noemt welke wel.",
    "This address does not know that method; the Allow header names those it does.",
)
REQUEST_CLOSED = _problem(
    409,
    "request-closed",
    "Al besloten",
    "Already decided",
    "Over dit verzoek is al besloten. Is er een nieuwe reden, dien dan een nieuw verzoek in.",
    "This request was decided already. If there is a new reason, make a new request.",
)
GRANT_TOO_LONG = _problem(
    400,
    "grant-too-long",
    "Einde niet mogelijk",
    "End not possible",
    "De toestemming mag niet in het verleden eindigen, en niet langer duren dan de regels of de beelden.",
    "The grant must not end in the past, nor outlast what the rules allow or the footage itself.",
)
SIGNAL_SETTLED = _problem(
    409,
    "signal-settled",
    "Al afgedaan",
    "Already settled",
    "Dit signaal is al afgedaan; de aantekening daarbij blijft staan.",
    "This signal was settled already; the note of that stays.",
)
RULES_INVALID = _problem(
    400,
    "rules-invalid",
    "Regels kloppen niet",
    "Invalid rules",
    "Deze regels worden niet gebruikt; bij 'problems' staat per bestand en regel wat er niet klopt.",
    "These rules are not used; 'problems' tells per file and rule what is wrong.",
)
RULES_UNCHANGED = _problem(
    409,
    "rules-unchanged",
    "Geen wijziging",
    "No change",
    "Precies deze regels gelden al.",
    "Exactly these rules are in force already.",
)
PROPOSAL_CLOSED = _problem(
    409,
    "proposal-closed",
    "Voorstel al afgehandeld",
    "Proposal already closed",
    "Dit voorstel is al ingegaan of ingetrokken. Is er een nieuwe reden, doe dan een nieuw voorstel.",
    "This proposal was activated or withdrawn already. If there is a new reason, propose anew.",
)
PROPOSAL_OUTDATED = _problem(
    409,
    "proposal-outdated",
    "Voorstel verouderd",
    "Proposal outdated",
    "De gedeelde regels zijn intussen vernieuwd. Doe een nieuw voorstel en bekijk opnieuw wat het verandert.",
    "The shared rules were renewed since this proposal. Propose anew, and look anew at what it changes.",
)
RULES_ALTERED = _problem(
    500,
    "rules-altered",
    "Opgeslagen regels veranderd",
    "Stored rules altered",
    "De opgeslagen regels zijn niet die van hun kenmerk; er wordt niet mee besloten. Waarschuw de beheerder.",
    "The stored rules are not those of their digest; nothing is decided by them. Warn the administrator.",
)
TOO_LATE = _problem(
    409,
    "term-over",
    "Te laat",
    "Too late",
    "De bewaartermijn van deze opname is voorbij, of zij is er niet meer. Niets brengt haar terug.",
    "The term of this recording is over, or it is gone. Nothing brings it back.",
)
TRIGGER_UNKNOWN = _problem(
    400,
    "trigger-unknown",
    "Geen reden om te bewaren",
    "No reason to hold",
    "De regels van deze gemeente kennen deze reden niet; bij 'known' staat welke wel.",
    "The terms of this municipality do not know this reason; 'known' tells those they do.",
)
TRIGGER_TOO_LATE = _problem(
    409,
    "trigger-too-late",
    "Te lang na de opname",
    "Too long after the recording",
    "Deze reden telt alleen binnen het aantal dagen na de opname dat bij 'days' staat.",
    "This reason counts only within so many days of the recording as 'days' tells.",
)
NOT_ITS_RELEASE = _problem(
    400,
    "not-its-release",
    "Niet wat haar beëindigt",
    "Not what ends it",
    "Deze gebeurtenis beëindigt deze bewaarplicht niet; bij 'known' staat welke dat wel doen.",
    "This event does not end this hold; 'known' tells those that do.",
)
HOLD_LIFTED = _problem(
    409,
    "hold-lifted",
    "Al opgeheven",
    "Already lifted",
    "Deze bewaarplicht is al opgeheven. Is er een nieuwe reden, leg dan een nieuwe vast.",
    "This hold was lifted already. If there is a new reason, place a new one.",
)
REGIME_FIXED = _problem(
    409,
    "regime-fixed",
    "Regime al gewijzigd",
    "Regime already changed",
    "Het regime van deze opname is al eens gewijzigd, en dat kan één keer.",
    "The regime of this recording was changed before, and that can be done once.",
)
REGIME_UNCHANGED = _problem(
    409,
    "regime-unchanged",
    "Geen wijziging",
    "No change",
    "De opname valt al onder dit regime.",
    "The recording stands under this regime already.",
)
ERASURE_UNCONFIRMED = _problem(
    422,
    "erasure-unconfirmed",
    "Geen weg terug",
    "No undo",
    "Goedkeuren kan niet ongedaan worden gemaakt: de sleutel van de beelden wordt meteen vernietigd. Wie dat "
    "weet, stuurt 'irreversible': true mee. Er is niets vernietigd.",
    "Approving cannot be undone: the key to the footage is destroyed at once. Whoever knows that sends "
    "'irreversible': true. Nothing was destroyed.",
)
ERASURE_WAITING = _problem(
    409,
    "erasure-waiting",
    "Al gevraagd",
    "Already asked",
    "Om vernietiging van deze beelden is al gevraagd; dat wacht op een besluit.",
    "The erasure of this footage was asked for already; that waits for a decision.",
)
ERASURE_CLOSED = _problem(
    409,
    "erasure-closed",
    "Al afgehandeld",
    "Already closed",
    "Hierover is al besloten, of het is ingetrokken. Is er een nieuwe reden, vraag het dan opnieuw.",
    "This was decided or withdrawn already. If there is a new reason, ask anew.",
)
ERASURE_HELD = _problem(
    409,
    "erasure-held",
    "Beelden worden vastgehouden",
    "Footage is held",
    "Bij 'triggers' staat wat de beelden vasthoudt, voor wie dat mag weten. Wie over de bewaring gaat, geeft "
    "ze eerst vrij, als daar reden voor is.",
    "'triggers' tells what holds the footage, to whoever may know. Who oversees retention lifts that first, "
    "when its event has come.",
)
ERASURE_NOT_YOURS = _problem(
    409,
    "erasure-not-yours",
    "Niet uw vraag",
    "Not what you asked",
    "Alleen wie erom vroeg trekt het in. Wie erover beslist, kan het weigeren.",
    "Only who asked for it withdraws it. Whoever decides on it can refuse it.",
)
FOOTAGE_GONE = _problem(
    409,
    "footage-gone",
    "Beelden zijn er niet",
    "Footage is not there",
    "Deze beelden zijn nog niet bewaard, of zijn al vernietigd.",
    "This footage is not kept yet, or has been disposed of.",
)
TOO_MANY = _problem(
    400,
    "too-many",
    "Te veel regels",
    "Too many entries",
    "Dit past niet in één export. Maak de periode korter; in CSV passen meer regels dan in PDF.",
    "One export cannot hold these. Make the period shorter; CSV holds more lines than PDF.",
)
NOTHING_TO_FIND = _problem(
    400,
    "nothing-to-find",
    "Geen zoekwoord",
    "No word to find",
    "Geef een woord van drie letters of meer dat niet in elke tekst staat; of een nummer met cijfers.",
    "Give a word of three letters or more that is not in every text, or a number with digits.",
)
NOT_DISPOSED = _problem(
    404,
    "not-disposed",
    "Geen verklaring",
    "No certificate",
    "Deze opname is niet vernietigd, of de vernietiging is nog niet klaar.",
    "This recording was not disposed of, or its disposal has not ended yet.",
)
NOT_IN_LOG_YET = _problem(
    409,
    "not-in-log-yet",
    "Nog niet in het log",
    "Not in the log yet",
    "De regel over deze vernietiging krijgt zo zijn plaats in het log. Probeer het zo opnieuw.",
    "The entry of this disposal gets its place in the log in a moment. Try again in a few seconds.",
)
CERTIFICATE_ALTERED = _problem(
    500,
    "certificate-altered",
    "Opgeslagen verklaring veranderd",
    "Stored certificate altered",
    "De opgeslagen verklaring is niet die waarvan de hash in het log staat. Waarschuw de beheerder.",
    "The stored certificate is not the one whose hash stands in the log. Warn the administrator.",
)
CERTIFICATE_GONE = _problem(
    410,
    "certificate-gone",
    "Verklaring niet meer te bewijzen",
    "Certificate can be proven no more",
    "De regel over deze vernietiging is uit het log: zijn termijn is om. Wat u eerder kreeg, blijft gelden.",
    "The entry of this disposal is out of the log: its term is over. A certificate of before still holds.",
)
COSIGNATURE_REFUSED = _problem(
    422,
    "cosignature-refused",
    "Medeondertekening niet aangenomen",
    "Cosignature not accepted",
    "Dit is geen controlepunt van dit log met een geldige handtekening van een getuige die hier bekend is.",
    "This is no checkpoint of this log with a valid signature of a witness that is known here.",
)
INVALID = _problem(
    400,
    "invalid-input",
    "Invoer klopt niet",
    "Invalid input",
    "Bij 'errors' staat per veld wat er niet klopt.",
    "'errors' tells per field what is wrong.",
)
TOO_LARGE = _problem(
    413,
    "too-large",
    "Te veel",
    "Too large",
    "Een verzoek aan deze dienst is ten hoogste 64 KiB.",
    "A request to this service is 64 KiB at most.",
)
RANGE = _problem(
    416,
    "range-outside",
    "Bereik niet mogelijk",
    "Range not satisfiable",
    "Het gevraagde bereik ligt niet in de opname.",
    "The range asked for is not in the recording.",
)
BROKEN = _problem(
    500,
    "footage-broken",
    "Beelden beschadigd",
    "Footage damaged",
    "Wat is opgeslagen is niet wat verzegeld werd. Er is niets van getoond; waarschuw de beheerder.",
    "What is stored is not what was sealed. None of it was shown; warn the administrator.",
)
AWAY = _problem(
    503,
    "service-away",
    "Tijdelijk niet mogelijk",
    "Temporarily not possible",
    "De opslag of de database is niet bereikbaar; er is niets getoond. Probeer het over een minuut opnieuw.",
    "The store or the database is not reachable; nothing was shown. Try again in a minute.",
)
FAILED = _problem(
    500,
    "failed",
    "Er ging iets mis",
    "Something went wrong",
    "Er is niets getoond. Probeer het opnieuw; blijft het misgaan, geef de beheerder dan het traceId.",
    "Nothing was shown. Try again; if it keeps failing, give the administrator the traceId.",
)


def denied(reasons: Iterable[Rule], **extra: Any) -> Refused:
    """A denial by the policy, with the rules that decided it."""
    return Refused(DENIED, extra={"reasons": [reason(rule) for rule in reasons], **extra})


def rules_invalid(invalid: RuleSetInvalid) -> Refused:
    """Texts that are no rule set, with everything that is wrong with them."""
    listed = [{"file": each.file, "rule": each.rule, "text": each.text} for each in invalid.problems]
    return Refused(RULES_INVALID, extra={"problems": listed})


def unmet(obligations: Iterable[Obligation]) -> Refused:
    """A grant whose obligations the door cannot carry out."""
    named = [(each.value, Text(*OBLIGATIONS[each])) for each in sorted(obligations)]
    detail = Text(
        f"{OBLIGATION_UNMET.detail.nl} Nodig is: {' '.join(text.nl for _, text in named)}",
        f"{OBLIGATION_UNMET.detail.en} What is needed: {' '.join(text.en for _, text in named)}",
    )
    listed = [{"id": name, "title": text} for name, text in named]
    return Refused(replace(OBLIGATION_UNMET, detail=detail), extra={"obligations": listed})


def reason(rule: Rule) -> dict[str, Any]:
    """A rule as an answer shows it, with what would make it possible where something would."""
    shown = {"id": rule.id, "title": Text(rule.title_nl, rule.title_en), "basis": rule.basis}
    if rule.remedy_nl and rule.remedy_en:
        shown["remedy"] = Text(rule.remedy_nl, rule.remedy_en)
    return shown
