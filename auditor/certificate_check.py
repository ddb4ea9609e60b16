"""The command that checks certificates of disposal offline: one, or all in a folder."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from auditor.certificates import CertificateBroken, Shown, verify
from auditor.disposals import AMSTERDAM
from auditor.language import Language, Text
from auditor.notes import VerifierKey
from auditor.options import Key, Tongue, Witnesses, read_file, read_key, read_keys
from auditor.reading import Unreadable
from auditor.verify import Outcome

_GROUNDS = {
    "term-over": Text("de bewaartermijn was om", "its term was over"),
    "wrongly-recorded": Text("eerder gewist: ten onrechte opgenomen", "erased early: wrongly recorded"),
    "inside-dwelling": Text(
        "eerder gewist: opgenomen in een woning", "erased early: recorded inside a dwelling"
    ),
    "objection-granted": Text(
        "eerder gewist: een bezwaar is toegewezen", "erased early: an objection was granted"
    ),
}
_TOO_EARLY = Text(
    "Niet gecontroleerd: of de termijn om was. De genoemde regels geven een langere; dat kan als die pas "
    "gingen gelden toen deze opname al weg moest. Zoek in het log naar rules.activated.",
    "Not checked: whether its term was over. The rules it names give a longer one, which can be when those "
    "came into force when this recording was due already. Look in the log for rules.activated.",
)
_LIMITS = (
    Text(
        "Dit bewijst niet dat er nergens een kopie is die het systeem niet kent, zoals een verstrekte "
        "opname.",
        "This does not prove that there is no copy anywhere that the system does not know, such as footage "
        "that was handed over.",
    ),
    Text(
        "Wat de software meldde staat vast, met de klok van de software; dat het waar is, bewijst het niet.",
        "What the software reported is fixed, by the software's clock; that it is true is not proven.",
    ),
)


def verify_certificate(
    place: Annotated[Path, typer.Argument(help="A certificate (JSON), or a folder of them.")],
    key: Key,
    witness: Witnesses = None,
    language: Tongue = Language.DUTCH,
) -> None:
    """Verify, without a network, certificates of disposal, and that each is in the log; say what that proves.

    Ends with 0 when all are proven, 1 when something does not match, 2 when it could not be checked.
    """
    log, witnesses = read_key(key), read_keys(witness)
    many, worst, count = place.is_dir(), Outcome.PROVEN, 0
    for file in _files(place):
        outcome, lines = _check(file, log, witnesses, short=many)
        count += 1
        worst = outcome if worst is not Outcome.MISMATCH and outcome is not Outcome.PROVEN else worst
        if not many or outcome is not Outcome.PROVEN:
            name = f"{file.name}: " if many else ""
            typer.echo(name + "\n".join(text.in_language(language) for text in lines))
    if many:
        total = Text(f"Gecontroleerd: {count} verklaringen.", f"Checked: {count} certificates.")
        typer.echo(total.in_language(language))
    raise typer.Exit(worst)


def _files(place: Path) -> Iterator[Path]:
    if not place.is_dir():
        yield place
        return
    found = sorted(place.glob("*.json"))
    # A folder without certificates proves nothing, and must not look as if it did.
    if not found:
        raise Unreadable(f"{place}: no certificates (*.json)")
    yield from found


def _check(
    file: Path, log: VerifierKey, witnesses: Sequence[VerifierKey], *, short: bool
) -> tuple[Outcome, list[Text]]:
    try:
        shown = verify(read_file(file), log, witnesses)
    except CertificateBroken as broken:
        flaw = broken.flaw.value
        return Outcome.MISMATCH, [Text(f"{flaw.nl} ({broken.detail})", f"{flaw.en} ({broken.detail})")]
    missing = [each for each in witnesses if any(each not in signed.cosigned_at for signed in shown.signed)]
    unseen = [*_unseen(missing), *([_TOO_EARLY] if shown.too_early else [])]
    told = unseen if short else [*_told(shown), *unseen, *_LIMITS]
    return Outcome.UNCHECKED if unseen else Outcome.PROVEN, told


def _unseen(missing: Sequence[VerifierKey]) -> list[Text]:
    return [
        Text(
            f"Niet gecontroleerd: getuige {each.name} tekende dit controlepunt niet mee.",
            f"Not checked: witness {each.name} did not cosign this checkpoint.",
        )
        for each in missing
    ]


def _told(shown: Shown) -> Iterator[Text]:
    told, head = shown.statement, shown.disposed.signed.checkpoint
    ground = _GROUNDS[told.ground]
    yield Text(
        f"De verklaring klopt: opname {told.recording} ({told.municipality}) van "
        f"{told.recorded_on:%d-%m-%Y} is vernietigd; {ground.nl}.",
        f"The certificate holds: recording {told.recording} ({told.municipality}) of "
        f"{told.recorded_on:%d-%m-%Y} was destroyed; {ground.en}.",
    )
    yield Text(
        f"Termijn: {told.term_days} dagen en {len(told.holds)} bewaarplichten, tot {_moment(told.due)}; "
        f"begonnen op {_moment(told.begun)}.",
        f"Term: {told.term_days} days and {len(told.holds)} holds, until {_moment(told.due)}; begun on "
        f"{_moment(told.begun)}.",
    )
    yield Text(
        f"Sleutel vernietigd op {_moment(told.key_destroyed)}; {told.objects} objecten op "
        f"{_moment(told.objects_discarded)}.",
        f"Key destroyed on {_moment(told.key_destroyed)}; {told.objects} objects on "
        f"{_moment(told.objects_discarded)}.",
    )
    yield _backups(shown)
    yield Text(
        f"De regel erbij is nummer {shown.disposed.index} van log {head.origin}, dat {head.size} regels "
        "telde.",
        f"Its entry is number {shown.disposed.index} of log {head.origin}, which had {head.size} entries.",
    )


def _backups(shown: Shown) -> Text:
    """Whether a backup can still be opened: by the key under which the recording's own was wrapped."""
    if destroyed := shown.key_destroyed:
        early = shown.statement.early
        but = Text(
            " Niet aangetoond: dat ook de sleutel weg is waarmee ze binnenkwam; die is dat ongeveer negen "
            "dagen daarna.",
            " Not shown: that the key is gone, too, that it came in with; it is about nine days after that.",
        )
        return Text(
            f"Ook de sleutel die back-ups opende is vernietigd, op {_moment(destroyed.at)} (regel "
            f"{destroyed.index}).{but.nl if early else ''}",
            f"So is the key that opened backups, on {_moment(destroyed.at)} (entry "
            f"{destroyed.index}).{but.en if early else ''}",
        )
    return Text(
        "Niet aangetoond: dat ook de sleutel die back-ups opende vernietigd is. Vraag de verklaring later "
        "opnieuw.",
        "Not shown: that the key that opened backups is destroyed too. Ask for the certificate again later.",
    )


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(AMSTERDAM):%d-%m-%Y %H:%M:%S %Z}"
