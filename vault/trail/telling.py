"""How a line of the trail reads for a person, in Dutch or English: what happened, and a table's cells."""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from auditor.merkle import leaf_hash
from policies.retention import AMSTERDAM
from policies.words import Words
from vault.audit import Event
from vault.trail.reading import Line

EVENTS: Mapping[str, Words] = {
    Event.RECORDING_ANNOUNCED: Words("Opname aangekondigd", "Recording announced"),
    Event.RECORDING_KEPT: Words("Opname bewaard", "Recording kept"),
    Event.RECORDING_QUARANTINED: Words("Opname in quarantaine", "Recording in quarantine"),
    Event.RECORDING_DUPLICATED: Words("Opname was er al", "Recording was there already"),
    Event.ARRIVAL_TERMINATED: Words("Upload afgebroken door het dock", "Upload ended by the dock"),
    Event.ARRIVAL_REAPED: Words("Upload opgeruimd", "Upload cleared away"),
    Event.RECORDING_DISPOSING: Words("Vernietiging begonnen, sleutel weg", "Disposal begun, key gone"),
    Event.RECORDING_DISPOSED: Words("Opname vernietigd", "Recording disposed of"),
    Event.REGIME_CHANGED: Words("Regime gewijzigd", "Regime changed"),
    Event.REGIME_DENIED: Words("Mocht het regime niet wijzigen", "Was not let change the regime"),
    Event.HOLD_PLACED: Words("Bewaarplicht ingegaan", "Hold placed"),
    Event.HOLD_REVIEWED: Words("Bewaarplicht herzien", "Hold reviewed"),
    Event.HOLD_LIFTED: Words("Bewaarplicht opgeheven", "Hold lifted"),
    Event.HOLD_DENIED: Words("Mocht bewaarplicht niet wijzigen", "Was not let change a hold"),
    Event.ERASURE_ASKED: Words("Vervroegde vernietiging gevraagd", "Early erasure asked for"),
    Event.ERASURE_APPROVED: Words("Vervroegde vernietiging goedgekeurd", "Early erasure approved"),
    Event.ERASURE_REFUSED: Words("Vervroegde vernietiging afgewezen", "Early erasure refused"),
    Event.ERASURE_WITHDRAWN: Words("Vraag om vernietiging ingetrokken", "Early erasure withdrawn"),
    Event.ERASURE_DENIED: Words("Mocht niet laten vernietigen", "Was not let have it erased"),
    Event.RETENTION_READ: Words("Bewaartermijnen gelezen", "Retention read"),
    Event.RETENTION_DENIED: Words("Mocht bewaartermijnen niet lezen", "Was not let read retention"),
    Event.DISPOSAL_KEY_DESTROYED: Words("Dagsleutel vernietigd", "Key of a day destroyed"),
    Event.SEALING_KEY_ROTATED: Words("Nieuwe verzegelsleutel", "New sealing key"),
    Event.SEALING_KEY_DESTROYED: Words("Oude verzegelsleutel vernietigd", "Old sealing key destroyed"),
    Event.KEY_DESTRUCTION_PROPOSED: Words("Sleutelvernietiging voorgesteld", "Destruction of keys proposed"),
    Event.KEY_DESTRUCTION_WITHDRAWN: Words("Voorstel sleutels ingetrokken", "Proposal on keys withdrawn"),
    Event.KEY_DESTRUCTION_DONE: Words("Alle sleutels vernietigd", "All keys destroyed"),
    Event.KEYS_ESCROWED: Words("Sleutels in bewaring gegeven", "Keys given in escrow"),
    Event.OBJECTS_REAPED: Words("Verweesde objecten opgeruimd", "Orphaned objects cleared away"),
    Event.REQUEST_SUBMITTED: Words("Verzoek ingediend, wacht op besluit", "Request made, awaits decision"),
    Event.REQUEST_ALLOWED: Words("Verzoek toegestaan door de regels", "Request allowed by the rules"),
    Event.REQUEST_REFUSED: Words("Verzoek geweigerd door de regels", "Request refused by the rules"),
    Event.REQUEST_APPROVED: Words("Verzoek goedgekeurd", "Request approved"),
    Event.REQUEST_REJECTED: Words("Verzoek afgewezen", "Request rejected"),
    Event.REQUEST_READ: Words("Verzoek gelezen", "Request read"),
    Event.REQUESTS_LISTED: Words("Lijst van verzoeken gelezen", "List of requests read"),
    Event.DECISION_DENIED: Words("Mocht niet beslissen", "Was not let decide"),
    Event.DECISION_EVALUATED: Words("Gevraagd wat de regels toestaan", "Asked what the rules permit"),
    Event.DECISION_EXPLAINED: Words("Besluit uitgelegd", "Decision explained"),
    Event.GRANT_READ: Words("Toestemming gelezen", "Grant read"),
    Event.GRANTS_LISTED: Words("Lijst van toestemmingen gelezen", "List of grants read"),
    Event.GRANT_REVOKED: Words("Toestemming ingetrokken", "Grant revoked"),
    Event.REVOCATION_DENIED: Words("Mocht niet intrekken", "Was not let revoke"),
    Event.VIEWING_SERVED: Words("Beelden getoond", "Footage shown"),
    Event.VIEWING_DENIED: Words("Beelden niet getoond", "Footage not shown"),
    Event.VIEWING_COMPLETED: Words("Tonen afgerond", "Showing completed"),
    Event.SEARCH_OPENED: Words("Zoekvraag geopend", "Search opened"),
    Event.SEARCH_DENIED: Words("Zoekvraag geweigerd", "Search refused"),
    Event.SEARCH_CLOSED: Words("Zoekvraag gesloten", "Search closed"),
    Event.RECORDINGS_FOUND: Words("Opnames gevonden", "Recordings found"),
    Event.QUARANTINE_READ: Words("Quarantaine gelezen", "Quarantine read"),
    Event.TRAIL_READ: Words("Inzagelog gelezen", "Audit trail read"),
    Event.TRAIL_EXPORTED: Words("Inzagelog geëxporteerd", "Audit trail exported"),
    Event.TRAIL_DENIED: Words("Mocht het inzagelog niet lezen", "Was not let read the audit trail"),
    Event.SIGNAL_RAISED: Words("Signaal gegeven", "Signal raised"),
    Event.SIGNAL_READ: Words("Signaal gelezen", "Signal read"),
    Event.SIGNAL_SETTLED: Words("Signaal afgedaan", "Signal settled"),
    Event.SIGNALS_LISTED: Words("Lijst van signalen gelezen", "List of signals read"),
    Event.SIGNALS_DIGESTED: Words("Weekoverzicht van signalen gemaakt", "Week's digest of signals made"),
    Event.SIGNALS_DENIED: Words("Mocht signalen niet lezen of afdoen", "Was not let read or settle signals"),
    Event.LOG_READ: Words("Log met hashes gelezen", "Log of hashes read"),
    Event.LOG_DENIED: Words("Mocht het log niet lezen", "Was not let read the log"),
    Event.LOG_EXPORTED: Words("Log geëxporteerd", "Log exported"),
    Event.MUNICIPALITY_REGISTERED: Words("Gemeente geregistreerd", "Municipality registered"),
    Event.PERSON_REGISTERED: Words("Persoon geregistreerd", "Person registered"),
    Event.PERSON_ASSIGNED: Words("Rol gegeven", "Role given"),
    Event.PERSON_WITHDRAWN: Words("Rol ontnomen", "Role taken back"),
    Event.PERSON_DEACTIVATED: Words("Persoon afgesloten", "Person deactivated"),
    Event.CAMERA_REGISTERED: Words("Camera geregistreerd", "Camera registered"),
    Event.DOCK_REGISTERED: Words("Dock geregistreerd", "Dock registered"),
    Event.DOCK_DEACTIVATED: Words("Dock afgesloten", "Dock deactivated"),
    Event.OFFICER_DEPICTED: Words("Handhaver in beeld gemarkeerd", "Officer marked as depicted"),
    Event.RULES_PROPOSED: Words("Nieuwe regels voorgesteld", "New rules proposed"),
    Event.RULES_ACTIVATED: Words("Nieuwe regels ingegaan", "New rules activated"),
    Event.RULES_WITHDRAWN: Words("Voorstel ingetrokken", "Proposal withdrawn"),
    Event.RULES_READ: Words("Regels gelezen", "Rules read"),
    Event.RULES_EXAMINED: Words("Gevolgen van regels bekeken", "Effects of rules examined"),
    Event.RULES_DENIED: Words("Mocht regels niet wijzigen of lezen", "Was not let change or read rules"),
    Event.INVARIANTS_CHECKED: Words("Installatie gecontroleerd", "Installation checked"),
    Event.EVIDENCE_MADE: Words("Bewijs gemaakt", "Evidence made"),
    Event.RIGHTS_REVIEWED: Words("Lijst van rechten gemaakt", "List of rights made"),
    Event.PAYLOADS_DESTROYED: Words("Inhoud van regels vernietigd", "Content of entries destroyed"),
    Event.EPOCH_DESTROYED: Words("Sleutels van een tijdvak vernietigd", "Keys of an epoch destroyed"),
    Event.LOG_PRUNED: Words("Oude regels uit het log verwijderd", "Old entries removed from the log"),
}
"""What each event is called. One that an entry of a later version has goes by its own name."""

COLUMNS: Mapping[str, Words] = {
    "index": Words("Volgnummer", "Number"),
    "at": Words("Moment", "Moment"),
    "event": Words("Gebeurtenis", "Event"),
    "what": Words("Wat", "What"),
    "who": Words("Wie", "Who"),
    "who-id": Words("Wie (id)", "Who (id)"),
    "roles": Words("Rollen", "Roles"),
    "decision": Words("Besluit", "Decision"),
    "rules": Words("Regels", "Rules"),
    "purpose": Words("Doel", "Purpose"),
    "thing": Words("Waarvan", "Of what"),
    "thing-id": Words("Waarvan (id)", "Of what (id)"),
    "case": Words("Zaaknummer", "Case number"),
    "reason": Words("Reden", "Reason"),
    "recipient": Words("Ontvanger", "Recipient"),
    "regime": Words("Regime", "Regime"),
    "entry": Words("Regel (id)", "Entry (id)"),
    "hash": Words("Bladhash (RFC 6962)", "Leaf hash (RFC 6962)"),
    "payload": Words("Inhoud", "Content"),
    "checkpoint": Words("Onder checkpoint", "Under checkpoint"),
}
"""The columns of a table of lines, in order."""
_GONE = Words("vernietigd, termijn voorbij", "destroyed, term over")
_DAMAGED = Words("beschadigd", "damaged")


def event_told(event: str, language: str) -> str:
    """What happened, in `language`, "nl" or "en"."""
    return EVENTS[event].in_language(language) if event in EVENTS else event


def headings(language: str) -> list[str]:
    """What the columns are called."""
    return [words.in_language(language) for words in COLUMNS.values()]


def moment_told(moment: datetime) -> str:
    """A moment by the clock in Amsterdam, with its distance to UTC."""
    return moment.astimezone(AMSTERDAM).isoformat(sep=" ", timespec="milliseconds")


def cells(line: Line, language: str) -> dict[str, str]:
    """One line, by column; what is not known of it is left out."""
    leaf, payload = line.leaf, line.payload or {}
    actor, thing, details = payload.get("actor", {}), payload.get("object") or {}, payload.get("details", {})
    told: dict[str, Any] = {
        "index": line.index,
        "at": moment_told(line.at),
        "event": leaf["type"],
        "what": event_told(leaf["type"], language),
        "who": actor.get("name"),
        "who-id": actor.get("id", leaf["actor"]),
        "roles": ", ".join(actor.get("roles", ())),
        "decision": leaf.get("dec"),
        "rules": ", ".join(leaf.get("why", ())),
        "purpose": leaf.get("purpose", details.get("purpose")),
        "thing": thing.get("kind"),
        "thing-id": thing.get("id", leaf.get("obj")),
        "case": details.get("caseReference"),
        "reason": details.get("reason"),
        "recipient": details.get("recipient"),
        "regime": leaf.get("regime"),
        "entry": leaf["id"],
        "hash": base64.b64encode(leaf_hash(line.leaf_bytes)).decode(),
        "payload": _payload(line, language),
    }
    return {name: str(value) for name, value in told.items() if value not in (None, "")}


def _payload(line: Line, language: str) -> str | None:
    if line.damaged:
        return _DAMAGED.in_language(language)
    return _GONE.in_language(language) if line.payload is None else None
