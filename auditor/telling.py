"""What a verification says to people, in Dutch or English: what is proven, and what is not."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from auditor.entry_proofs import Proven
from auditor.findings import Finding, Kind
from auditor.language import Language, Text
from auditor.notes import VerifierKey
from auditor.verify import Outcome, Report

MOST_TOLD = 50
"""Findings told one by one: more would say no more."""

HEADLINE = {
    Outcome.PROVEN: Text("BEWEZEN", "PROVEN"),
    Outcome.MISMATCH: Text("KLOPT NIET", "DOES NOT MATCH"),
    Outcome.UNCHECKED: Text("NIET GECONTROLEERD", "COULD NOT BE CHECKED"),
    Outcome.FORKED: Text("GESPLITST LOG", "FORKED LOG"),
}
_PROVES = Text("Wat dit bewijst", "What this proves")
_FOUND = Text("Wat niet klopt", "What does not match")
_OPEN = Text(
    "Wat gevraagd werd en niet gecontroleerd kon worden", "What was asked for and could not be checked"
)
_NOT = Text("Wat dit niet bewijst", "What this does not prove")
_TYPES = Text("Regels per soort", "Entries by type")

_LIMITS = (
    Text(
        "Wat vóór het rangschikken uit de database is gehaald: tussen het vastleggen van een regel en het "
        "opnemen in het log (gewoonlijk hooguit enkele seconden) ziet dit log het verdwijnen niet.",
        "What was taken from the database before it was sequenced: between committing an entry and taking "
        "it into the log (usually a few seconds at most) this log does not see it disappear.",
    ),
    Text(
        "Wie het was en waarom: dat staat in versleutelde bijlagen, die hier niet te zien zijn. Een regel "
        "bewijst alleen dat een bijlage later niet ongemerkt verwisseld kan worden.",
        "Who it was and why: that stands in encrypted payloads, which cannot be seen here. An entry only "
        "proves that its payload cannot be exchanged unseen later.",
    ),
    Text(
        "Dat alles wat gebeurde is vastgelegd, en dat het waar is: het log bewaart wat de software meldde, "
        "met de klok van de software.",
        "That all that happened was recorded, and that it is true: the log keeps what the software "
        "reported, by the software's clock.",
    ),
    Text(
        "Wat er na dit controlepunt gebeurt. Bewaar het, en geef het de volgende keer mee met --since.",
        "What happens after this checkpoint. Keep it, and hand it in the next time with --since.",
    ),
)
_SPLIT = Text(
    "Dat anderen hetzelfde log zien: zonder getuige kan aan ieder een ander log worden getoond. Geef met "
    "--witness de sleutel van een getuige, of vergelijk het controlepunt met dat van een ander.",
    "That others see the same log: without a witness each can be shown another. Give a witness's key with "
    "--witness, or compare the checkpoint with somebody else's.",
)
_OTHERS = Text(
    "Iets over andere regels van het log: verifieer daarvoor het hele log.",
    "Anything of other entries of the log: for that, verify the whole log.",
)
_NO_SINCE = Text(
    "Dat het log doorgaat op wat u eerder zag: er is geen eerder controlepunt meegegeven (--since).",
    "That the log continues what you saw before: no earlier checkpoint was handed in (--since).",
)


def told(report: Report, language: Language) -> list[str]:
    """The report, line by line."""
    headline = HEADLINE[report.outcome].in_language(language)
    lines = [f"{headline}: {report.log.name}", *_head(report, language)]
    if report.outcome is not Outcome.MISMATCH:
        lines += _section(_PROVES, _proven(report), language)
    if report.findings:
        lines += ["", f"{_FOUND.in_language(language)}:"]
        lines += [f"  - {_finding(found, language)}" for found in report.findings[:MOST_TOLD]]
        if more := len(report.findings) - MOST_TOLD:
            lines += [f"  … + {more}"] if more > 0 else []
    lines += _section(_OPEN, _left_open(report), language)
    lines += _section(_NOT, _not_proven(report), language)
    if report.types:
        lines += ["", f"{_TYPES.in_language(language)}:"]
        lines += [f"  {number:>10}  {name}" for name, number in sorted(report.types.items())]
    return lines


def told_of_entry(
    found: Proven | str, log: VerifierKey, witnesses: Sequence[VerifierKey], language: Language
) -> list[str]:
    """What a proof of one entry came to, line by line; a text says why it proves nothing."""
    if isinstance(found, str):
        return [f"{HEADLINE[Outcome.MISMATCH].in_language(language)}: {log.name}", f"  - {found}"]
    head, cosigned = found.signed.checkpoint, found.signed.cosigned_at
    missing = [witness for witness in witnesses if witness not in cosigned]
    headline = HEADLINE[Outcome.UNCHECKED if missing else Outcome.PROVEN]
    proven = Text(
        f"Regel {found.index} ({found.type}, {found.id}) staat onveranderd in het log van {head.size} regels "
        f"waarvoor de houder van sleutel {log.id.hex()} tekende.",
        f"Entry {found.index} ({found.type}, {found.id}) stands unchanged in the log of {head.size} entries "
        f"that the holder of key {log.id.hex()} signed for.",
    )
    return [
        f"{headline.in_language(language)}: {log.name}",
        *_section(_PROVES, iter([proven, *_seen_by(cosigned)]), language),
        *_section(_OPEN, _not_cosigned(missing), language),
        *_section(_NOT, iter([_OTHERS, *_LIMITS[1:3], *([] if cosigned else [_SPLIT])]), language),
    ]


def what_to_do(kind: Kind, evidence: str) -> Text:
    """What a person does when a log contradicts itself."""
    return Text(
        f"""HET LOG SPREEKT ZICHZELF TEGEN. Er is niet medeondertekend.
{kind.value.nl}
De twee ondertekende controlepunten staan in {evidence}.

Wat te doen:
1. Maak een kopie van die map buiten deze computer. Verwijder niets en begin niet opnieuw met een lege map.
2. Meld het aan de privacy officer en de functionaris gegevensbescherming, en als u dat niet zelf bent aan de
   ondernemingsraad; schriftelijk, met beide controlepunten.
3. Keek u naar een map, en is die korter dan wat u eerder zag: ga eerst na of het geen oudere export is.
   Vraag de beheerder wat er is gebeurd. Het terugzetten van een back-up is een mogelijke oorzaak; ook dan
   zijn regels verdwenen, en moet worden vastgesteld welke.
4. Vergelijk met wat andere getuigen zagen, en laat het log niet verder groeien voordat dit is uitgezocht.""",
        f"""THE LOG CONTRADICTS ITSELF. It was not cosigned.
{kind.value.en}
The two signed checkpoints are in {evidence}.

What to do:
1. Copy that folder to somewhere outside this computer. Delete nothing, and do not start anew with an empty
   folder.
2. Report it to the privacy officer and the data protection officer, and to the works council if that is not
   you; in writing, with both checkpoints.
3. If you looked at a folder, and it is shorter than what you saw: first make sure that it is no older export.
   Ask the operator what happened. A restored backup is one possible cause; then too entries are gone, and it
   must be established which.
4. Compare with what other witnesses saw, and let the log not grow further before this is cleared up.""",
    )


def _head(report: Report, language: Language) -> Iterator[str]:
    if report.signed is None:
        return
    head = report.signed.checkpoint
    size = Text(f"{head.size} regels", f"{head.size} entries").in_language(language)
    yield f"{size}, SHA-256 {head.root.hex()}; {report.seconds:.1f} s"


def _section(title: Text, texts: Iterator[Text], language: Language) -> list[str]:
    lines = [f"  - {text.in_language(language)}" for text in texts]
    return ["", f"{title.in_language(language)}:", *lines] if lines else []


def _finding(found: Finding, language: Language) -> str:
    detail = f" ({found.detail})" if found.detail else ""
    return f"{found.where}: {found.kind.value.in_language(language)}{detail}"


def _proven(report: Report) -> Iterator[Text]:
    if report.signed is None:
        return
    head = report.signed.checkpoint
    seen = head.size - report.unseen
    yield Text(
        f"De houder van sleutel {report.log.id.hex()} heeft getekend voor precies {head.size} regels, "
        "in deze volgorde.",
        f"The holder of key {report.log.id.hex()} signed for exactly {head.size} entries, in this order.",
    )
    yield Text(
        f"{seen} daarvan zijn gelezen. Geen ervan is sinds het tekenen veranderd, verwijderd, ingevoegd of "
        "verplaatst, elk heeft de beschreven vorm en een eigen nummer.",
        f"{seen} of them were read. None was changed, removed, inserted or moved since it was signed for, "
        "each has the documented form and an id of its own.",
    )
    if report.since and not report.since_unknown:
        yield Text(
            f"De eerste {report.since.size} regels zijn die van het eerdere controlepunt.",
            f"The first {report.since.size} entries are those of the earlier checkpoint.",
        )
    for witness, last in report.seen.items():
        moment, size = _moment(last.at), last.checkpoint.size
        yield Text(
            f"Getuige {witness.name} zag op {moment} de eerste {size} regels van dit log, en niets dat ermee "
            "in strijd was.",
            f"Witness {witness.name} saw the first {size} entries of this log at {moment}, and nothing that "
            "contradicts them.",
        )


def _seen_by(cosigned_at: Mapping[VerifierKey, int]) -> Iterator[Text]:
    for witness, at in cosigned_at.items():
        moment = _moment(at)
        yield Text(
            f"Getuige {witness.name} zag op {moment} dit log, en niets dat ermee in strijd was.",
            f"Witness {witness.name} saw this log at {moment}, and nothing that contradicts it.",
        )


def _not_cosigned(witnesses: Sequence[VerifierKey]) -> Iterator[Text]:
    for witness in witnesses:
        yield Text(
            f"Getuige {witness.name} heeft niet meeondertekend (of: nog niet), voor zover het log laat zien.",
            f"Witness {witness.name} has not cosigned (or not yet), as far as the log shows.",
        )


def _left_open(report: Report) -> Iterator[Text]:
    yield from _not_cosigned(report.not_cosigned)
    if report.since_unknown and report.since:
        yield Text(
            f"Of het log doorgaat op het eerdere controlepunt van {report.since.size} regels: de hashes "
            "daarvan worden niet meer getoond.",
            f"Whether the log continues the earlier checkpoint of {report.since.size} entries: its hashes "
            "are no longer shown.",
        )


def _not_proven(report: Report) -> Iterator[Text]:
    if report.unseen:
        yield Text(
            f"Wat er in {report.unseen} regels staat of stond: het log toont niets meer onder "
            f"{report.minimum}. Dat zij er waren en niet veranderd zijn blijft bewezen. Vraag op grond van "
            "welke bewaartermijn.",
            f"What {report.unseen} entries say or said: the log shows nothing below {report.minimum} any "
            "more. That they were there and unchanged stays proven. Ask under which term of retention.",
        )
    yield from _LIMITS
    if not report.seen:
        yield _SPLIT
    if report.since is None:
        yield _NO_SINCE


def _moment(seconds: int) -> str:
    """Seconds since 1970 as a moment; a witness's clock may say anything below 2^63."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"{seconds} s"
