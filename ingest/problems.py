"""What can go wrong at the docks' door, in words for whoever stands beside the dock."""

from collections.abc import Sequence
from dataclasses import replace

from policies.words import RECORDS
from vault.web.problem import Problem, Refused, Text

SAFE_NL = "De opname staat nog op de camera."
SAFE_EN = "The recording is still on the camera."


def _problem(status: int, name: str, nl: str, en: str, detail_nl: str, detail_en: str) -> Problem:
    return Problem(name, status, Text(nl, en), Text(detail_nl, detail_en))


TOKEN_REFUSED = _problem(
    401,
    "token-refused",
    "Dock niet herkend",
    "Dock not recognised",
    f"Het token ontbreekt, is verlopen, of is niet van een geregistreerd dock. {SAFE_NL}",
    f"The token is missing, expired, or not of a registered dock. {SAFE_EN}",
)
NOT_FOUND = _problem(
    404,
    "upload-not-found",
    "Upload niet gevonden",
    "Upload not found",
    "Er is geen upload met dit adres voor dit dock; meld de opname opnieuw aan.",
    "There is no upload with this address for this dock; announce the recording again.",
)
GONE = _problem(
    410,
    "upload-gone",
    "Upload beëindigd",
    "Upload ended",
    f"Deze upload is beëindigd of verlopen. {SAFE_NL} Meld haar opnieuw aan.",
    f"This upload was terminated or has expired. {SAFE_EN} Announce it again.",
)
COMPLETE = _problem(
    409,
    "upload-complete",
    "Upload is compleet",
    "Upload is complete",
    "Een complete opname kan een dock niet meer intrekken.",
    "A dock can no longer withdraw a recording that is complete.",
)
CONFLICT = _problem(
    409,
    "offset-conflict",
    "Verkeerde positie",
    "Wrong offset",
    "Vraag de positie op met HEAD en ga van daar verder.",
    "Ask for the offset with HEAD and go on from there.",
)
PROOF_NOT_YET = _problem(
    409,
    "proof-not-yet",
    "Nog geen bewijs",
    "No proof yet",
    "De regel bij deze opname staat nog niet in het log; vraag het over enkele seconden opnieuw.",
    "The entry of this recording is not in the log yet; ask again in a few seconds.",
)
PROOF_GONE = _problem(
    410,
    "proof-gone",
    "Bewijs verlopen",
    "Proof gone",
    "De bewaartermijn van de regel is voorbij. Een bewijs dat eerder is opgehaald, blijft geldig.",
    "The term of the entry is over. A proof that was fetched before still holds.",
)
VERSION = _problem(
    412,
    "tus-version",
    "Andere versie van tus",
    "Other version of tus",
    "Deze deur spreekt tus 1.0.0; stuur de kop Tus-Resumable: 1.0.0.",
    "This door speaks tus 1.0.0; send the header Tus-Resumable: 1.0.0.",
)
CONTENT_TYPE = _problem(
    415,
    "content-type",
    "Ander soort inhoud",
    "Other kind of content",
    "Stuur de bytes als application/offset+octet-stream.",
    "Send the bytes as application/offset+octet-stream.",
)
HEADER_MALFORMED = _problem(
    400,
    "header-malformed",
    "Kop niet te lezen",
    "Header cannot be read",
    "Upload-Length, Upload-Offset, Upload-Metadata of Upload-Checksum ontbreekt of is geen geldige waarde.",
    "Upload-Length, Upload-Offset, Upload-Metadata or Upload-Checksum is missing or not a valid value.",
)
CHECKSUM = _problem(
    460,
    "checksum-mismatch",
    "Controlegetal klopt niet",
    "Checksum mismatch",
    "De bytes kwamen niet over zoals ze verstuurd zijn; er is niets van bewaard. Stuur ze opnieuw.",
    "The bytes did not come as they were sent; none of them were kept. Send them again.",
)
TOO_MUCH = _problem(
    413,
    "more-than-announced",
    "Meer dan aangemeld",
    "More than announced",
    "Er kwamen meer bytes dan Upload-Length aankondigde.",
    "More bytes came than Upload-Length announced.",
)
STORE_AWAY = _problem(
    503,
    "store-away",
    "Opslag niet bereikbaar",
    "Store not reachable",
    f"Probeer het over een minuut opnieuw; wat bevestigd is, blijft. {SAFE_NL}",
    f"Try again in a minute; what was acknowledged stays. {SAFE_EN}",
)
STORE_FULL = _problem(
    507,
    "store-full",
    "Opslag vol",
    "Store full",
    f"Waarschuw de beheerder; wat bevestigd is, blijft. {SAFE_NL}",
    f"Warn the administrator; what was acknowledged stays. {SAFE_EN}",
)

ANNOUNCEMENT = {
    problem.id: problem
    for problem in (
        _problem(
            400,
            "metadata-missing",
            "Aanmelding onvolledig",
            "Announcement incomplete",
            "Upload-Metadata moet camera, officer en startedAt noemen.",
            "Upload-Metadata must name camera, officer and startedAt.",
        ),
        _problem(
            400,
            "start-malformed",
            "Begintijd niet te lezen",
            "Start cannot be read",
            "startedAt moet een tijd zijn volgens ISO 8601, zoals 2026-05-04T13:05:00+02:00.",
            "startedAt must be an ISO 8601 time, such as 2026-05-04T13:05:00+02:00.",
        ),
        _problem(
            400,
            "start-without-zone",
            "Begintijd zonder tijdzone",
            "Start without a time zone",
            "Geef bij startedAt de afwijking van UTC, zoals +02:00 of Z.",
            "Give startedAt its offset from UTC, such as +02:00 or Z.",
        ),
        _problem(
            400,
            "clocks-malformed",
            "Klokken niet te lezen",
            "Clocks cannot be read",
            "Geef cameraClock en dockClock allebei of geen van beide, als tijd volgens ISO 8601 met afwijking"
            " van UTC: wat beide op één moment aanwezen. De begintijd moet daarmee op de kalender blijven.",
            "Give both cameraClock and dockClock or neither, as ISO 8601 times with their offset from UTC:"
            " what both said at one moment. With them the start must remain on the calendar.",
        ),
        _problem(
            422,
            "dock-clock-wrong",
            "Klok van het dock loopt niet goed",
            "The dock's clock is wrong",
            "dockClock wijkt te veel af van onze klok om die van de camera mee te verbeteren. Lees beide"
            f" klokken vlak voor het aanmelden en zet het dock gelijk (NTP). {SAFE_NL}",
            "dockClock differs too much from our clock to correct the camera's by. Read both clocks just"
            f" before announcing, and set the dock's clock (NTP). {SAFE_EN}",
        ),
        _problem(
            400,
            "digest-malformed",
            "SHA-256 niet te lezen",
            "SHA-256 cannot be read",
            "sha256 moet uit 64 hexadecimale cijfers bestaan.",
            "sha256 must be 64 hexadecimal digits.",
        ),
        _problem(
            400,
            "recording-empty",
            "Lege opname",
            "Empty recording",
            "Een opname van nul bytes wordt niet aangenomen.",
            "A recording of zero bytes is not taken.",
        ),
        _problem(
            413,
            "recording-too-large",
            "Opname te groot",
            "Recording too large",
            "Een opname van meer dan 1 TiB wordt niet aangenomen.",
            "A recording of more than 1 TiB is not taken.",
        ),
        _problem(
            422,
            "camera-unknown",
            "Camera onbekend",
            "Camera unknown",
            f"De camera is niet geregistreerd bij de gemeente van dit dock; vraag de beheerder. {SAFE_NL}",
            f"The camera is not registered with this dock's municipality; ask the administrator. {SAFE_EN}",
        ),
        _problem(
            422,
            "officer-unknown",
            "Handhaver onbekend",
            "Officer unknown",
            f"De handhaver is niet geregistreerd bij de gemeente van dit dock; vraag de beheerder. {SAFE_NL}",
            f"The officer is not registered with this dock's municipality; ask the administrator. {SAFE_EN}",
        ),
        _problem(
            409,
            "records-missing",
            "Wettelijke stukken ontbreken",
            "Legal records missing",
            f"Zonder deze stukken worden van een gemeente geen beelden aangenomen. De privacy officer stelt "
            f"ze vast en laat ze in de regels opnemen; dock daarna opnieuw. {SAFE_NL}",
            f"Without these records no footage of a municipality is taken. The privacy officer establishes "
            f"them and has them named in the rules; then dock again. {SAFE_EN}",
        ),
        _problem(
            409,
            "keys-outdated",
            "Sleutels verouderd",
            "Keys out of date",
            f"Deze deur heeft een sleutel die elders al vernietigd is, en neemt niets aan tot hij de nieuwe "
            f"heeft. Vraag de beheerder. {SAFE_NL}",
            f"This door has a key that was destroyed elsewhere, and takes nothing until it has the new one. "
            f"Ask the administrator. {SAFE_EN}",
        ),
        _problem(
            409,
            "rules-missing",
            "Regels ontbreken",
            "Rules missing",
            f"Van deze gemeente zijn er geen regels; zonder worden geen beelden aangenomen. "
            f"Vraag de beheerder. {SAFE_NL}",
            f"There are no rules of this municipality, and without them no footage is taken. "
            f"Ask the administrator. {SAFE_EN}",
        ),
    )
}


def refused(problem: str, records: Sequence[str] = ()) -> Refused:
    """An announcement that is not taken; `records`: those that the municipality lacks, if it is for them."""
    told, lacking = ANNOUNCEMENT[problem], [RECORDS[name] for name in records]
    if not lacking:
        return Refused(told)
    detail = Text(
        f"Ontbreekt: {', '.join(words.nl for words in lacking)}. {told.detail.nl}",
        f"Missing: {', '.join(words.en for words in lacking)}. {told.detail.en}",
    )
    return Refused(replace(told, detail=detail), extra={"records": list(records)})
