"""What can stand in the trail: every event, and which processing operation it is."""

import enum


class Event(enum.StrEnum):
    """Everything that can stand in the trail, as subject.verb."""

    RECORDING_ANNOUNCED = "recording.announced"
    RECORDING_KEPT = "recording.kept"
    RECORDING_QUARANTINED = "recording.quarantined"
    RECORDING_DUPLICATED = "recording.duplicated"
    ARRIVAL_TERMINATED = "arrival.terminated"
    ARRIVAL_REAPED = "arrival.reaped"
    RECORDING_DISPOSING = "recording.disposing"
    RECORDING_DISPOSED = "recording.disposed"
    REGIME_CHANGED = "regime.changed"
    REGIME_DENIED = "regime.denied"
    HOLD_PLACED = "hold.placed"
    HOLD_REVIEWED = "hold.reviewed"
    HOLD_LIFTED = "hold.lifted"
    HOLD_DENIED = "hold.denied"
    ERASURE_ASKED = "erasure.asked"
    ERASURE_APPROVED = "erasure.approved"
    ERASURE_REFUSED = "erasure.refused"
    ERASURE_WITHDRAWN = "erasure.withdrawn"
    ERASURE_DENIED = "erasure.denied"
    RETENTION_READ = "retention.read"
    RETENTION_DENIED = "retention.denied"
    DISPOSAL_KEY_DESTROYED = "disposal-key.destroyed"
    SEALING_KEY_ROTATED = "sealing-key.rotated"
    SEALING_KEY_DESTROYED = "sealing-key.destroyed"
    KEY_DESTRUCTION_PROPOSED = "key-destruction.proposed"
    KEY_DESTRUCTION_WITHDRAWN = "key-destruction.withdrawn"
    KEY_DESTRUCTION_DONE = "key-destruction.done"
    KEYS_ESCROWED = "keys.escrowed"
    OBJECTS_REAPED = "objects.reaped"
    REQUEST_SUBMITTED = "request.submitted"
    REQUEST_ALLOWED = "request.allowed"
    REQUEST_REFUSED = "request.refused"
    REQUEST_APPROVED = "request.approved"
    REQUEST_REJECTED = "request.rejected"
    REQUEST_READ = "request.read"
    REQUESTS_LISTED = "requests.listed"
    DECISION_DENIED = "decision.denied"
    DECISION_EVALUATED = "decision.evaluated"
    DECISION_EXPLAINED = "decision.explained"
    GRANT_READ = "grant.read"
    GRANTS_LISTED = "grants.listed"
    GRANT_REVOKED = "grant.revoked"
    REVOCATION_DENIED = "revocation.denied"
    VIEWING_SERVED = "viewing.served"
    VIEWING_DENIED = "viewing.denied"
    VIEWING_COMPLETED = "viewing.completed"
    SEARCH_OPENED = "search.opened"
    SEARCH_DENIED = "search.denied"
    SEARCH_CLOSED = "search.closed"
    RECORDINGS_FOUND = "recordings.found"
    QUARANTINE_READ = "quarantine.read"
    TRAIL_READ = "trail.read"
    TRAIL_EXPORTED = "trail.exported"
    TRAIL_DENIED = "trail.denied"
    SIGNAL_RAISED = "signal.raised"
    SIGNAL_READ = "signal.read"
    SIGNAL_SETTLED = "signal.settled"
    SIGNALS_LISTED = "signals.listed"
    SIGNALS_DIGESTED = "signals.digested"
    SIGNALS_DENIED = "signals.denied"
    LOG_READ = "log.read"
    LOG_DENIED = "log.denied"
    LOG_EXPORTED = "log.exported"
    MUNICIPALITY_REGISTERED = "municipality.registered"
    PERSON_REGISTERED = "person.registered"
    PERSON_ASSIGNED = "person.assigned"
    PERSON_WITHDRAWN = "person.withdrawn"
    PERSON_DEACTIVATED = "person.deactivated"
    CAMERA_REGISTERED = "camera.registered"
    DOCK_REGISTERED = "dock.registered"
    DOCK_DEACTIVATED = "dock.deactivated"
    OFFICER_DEPICTED = "officer.depicted"
    RULES_PROPOSED = "rules.proposed"
    RULES_ACTIVATED = "rules.activated"
    RULES_WITHDRAWN = "rules.withdrawn"
    RULES_READ = "rules.read"
    RULES_EXAMINED = "rules.examined"
    RULES_DENIED = "rules.denied"
    INVARIANTS_CHECKED = "invariants.checked"
    EVIDENCE_MADE = "evidence.made"
    RIGHTS_REVIEWED = "rights.reviewed"
    PAYLOADS_DESTROYED = "payloads.destroyed"
    EPOCH_DESTROYED = "epoch.destroyed"
    LOG_PRUNED = "log.pruned"

    @property
    def operation(self) -> str:
        """The processing operation it is, as in Directive (EU) 2016/680 art. 25(1), or ``system``."""
        return _OPERATIONS.get(self, "system")


_OPERATIONS = {
    Event.RECORDING_ANNOUNCED: "collect",
    Event.RECORDING_KEPT: "collect",
    Event.RECORDING_QUARANTINED: "collect",
    Event.RECORDING_DUPLICATED: "collect",
    Event.ARRIVAL_TERMINATED: "erase",
    Event.ARRIVAL_REAPED: "erase",
    Event.RECORDING_DISPOSING: "erase",
    Event.RECORDING_DISPOSED: "erase",
    Event.REGIME_CHANGED: "alter",
    Event.REGIME_DENIED: "alter",
    Event.HOLD_PLACED: "alter",
    Event.HOLD_REVIEWED: "alter",
    Event.HOLD_LIFTED: "alter",
    Event.HOLD_DENIED: "alter",
    Event.ERASURE_ASKED: "erase",
    Event.ERASURE_APPROVED: "erase",
    Event.ERASURE_REFUSED: "erase",
    Event.ERASURE_WITHDRAWN: "erase",
    Event.ERASURE_DENIED: "erase",
    Event.RETENTION_READ: "consult",
    Event.RETENTION_DENIED: "consult",
    Event.DISPOSAL_KEY_DESTROYED: "erase",
    Event.SEALING_KEY_DESTROYED: "erase",
    Event.KEY_DESTRUCTION_DONE: "erase",
    Event.OBJECTS_REAPED: "erase",
    Event.REQUEST_SUBMITTED: "consult",
    Event.REQUEST_ALLOWED: "consult",
    Event.REQUEST_REFUSED: "consult",
    Event.REQUEST_APPROVED: "consult",
    Event.REQUEST_REJECTED: "consult",
    Event.REQUEST_READ: "consult",
    Event.DECISION_DENIED: "consult",
    Event.DECISION_EVALUATED: "consult",
    Event.DECISION_EXPLAINED: "consult",
    Event.REQUESTS_LISTED: "consult",
    Event.GRANT_READ: "consult",
    Event.GRANTS_LISTED: "consult",
    Event.SEARCH_OPENED: "consult",
    Event.SEARCH_DENIED: "consult",
    Event.RECORDINGS_FOUND: "consult",
    Event.VIEWING_SERVED: "consult",
    Event.VIEWING_DENIED: "consult",
    Event.VIEWING_COMPLETED: "consult",
    Event.TRAIL_READ: "consult",
    Event.TRAIL_EXPORTED: "consult",
    Event.TRAIL_DENIED: "consult",
    Event.SIGNAL_READ: "consult",
    Event.SIGNALS_LISTED: "consult",
    Event.SIGNALS_DENIED: "consult",
    Event.LOG_READ: "consult",
    Event.LOG_DENIED: "consult",
    Event.LOG_EXPORTED: "consult",
    Event.OFFICER_DEPICTED: "alter",
    Event.RULES_EXAMINED: "consult",
    Event.EVIDENCE_MADE: "consult",
    Event.RIGHTS_REVIEWED: "consult",
    Event.PAYLOADS_DESTROYED: "erase",
    Event.EPOCH_DESTROYED: "erase",
    Event.LOG_PRUNED: "erase",
}
