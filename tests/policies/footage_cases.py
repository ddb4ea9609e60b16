"""Cases of the shared rules about asking, deciding and watching."""

from dataclasses import replace
from datetime import timedelta

from policies.facts import Action, Grant, Situation
from tests.policies.world import MOMENT, NOW, Case, World, id_of, roles

NEIGHBOUR = "buurstad"
"""A municipality that shares its service."""
MOST_VIEWERS = 3


def everywhere(w: World) -> list[Case]:
    """Those that hold in each municipality, whatever its own rules say."""
    return [*watching(w), *deciding(w)]


def where_shared(w: World) -> list[Case]:
    """Those in a municipality that shares with NEIGHBOUR, and where MOST_VIEWERS may see a recording."""
    neighbour = [*asked_by_neighbour(w), *decided_by_neighbour(w), *evaluated_by_neighbour(w)]
    return [*above_all(w), *viewers_and_recipients(w), *neighbour]


def above_all(w: World) -> list[Case]:
    """What holds whatever a rule set says; asked by somebody who may ask, about footage they made."""
    able = w.person("maker", "officer", "supervisor")
    kept = w.recording
    ask = w.ask(able, "incidentafhandeling")
    assert ask.request is not None
    return [
        ("appraisal", w.ask(able, "functioneringsgesprek"), "no: works-council purpose-not-offered"),
        ("unknown purpose", w.ask(able, "nieuwsgierigheid"), "no: purpose-unknown"),
        ("footage for audit", w.ask(able, "audit"), "no: purpose-not-offered"),
        (
            "left the service",
            replace(ask, person=w.person("maker", "officer", "supervisor", active=False)),
            "no: person-inactive",
        ),
        (
            "person of elsewhere",
            replace(ask, person=w.person("maker", "officer", "supervisor", municipality="elders")),
            "no: other-municipality",
        ),
        (
            "footage of elsewhere",
            replace(ask, resource=replace(kept, municipality="elders")),
            "no: other-municipality",
        ),
        (
            "person and footage of elsewhere",
            replace(
                ask,
                person=w.person("maker", "officer", "supervisor", municipality="elders"),
                resource=replace(kept, municipality="elders"),
            ),
            "no: other-municipality",
        ),
        ("disposed", replace(ask, resource=replace(kept, state="disposed")), "no: footage-disposed"),
        (
            "being disposed of",
            replace(ask, resource=replace(kept, state="disposing")),
            "no: footage-disposed",
        ),
        ("in quarantine", replace(ask, resource=replace(kept, state="quarantine")), "no: footage-not-kept"),
        ("term ends now", replace(ask, now=kept.dispose_after), "no: term-is-over"),
        (
            "for somebody else",
            replace(ask, request=replace(ask.request, requester=id_of("partner"))),
            "no: asks-for-another",
        ),
        (
            "request says otherwise",
            replace(ask, request=replace(ask.request, purpose="opsporing")),
            "no: request-has-another-purpose",
        ),
        (
            "administrator",
            w.ask("functional-administrator", "opsporing", demand_received=True),
            "no: no-rule-permits",
        ),
    ]


def watching(w: World) -> list[Case]:
    grant = w.grant()
    ok = "yes: watch-under-grant"
    disposed = replace(w.recording, state="disposed")
    arriving = replace(w.recording, state="arriving")
    return [
        ("under a grant", w.watch(grant), ok),
        (
            "with obligations",
            w.watch(replace(grant, obligations=frozenset({"no-copy", "watermark"}))),
            f"{ok} [no-copy watermark]",
        ),
        (
            "with an unknown obligation",
            w.watch(replace(grant, obligations=frozenset({"no-copy", "in-silence"}))),
            "no: obligation-unknown",
        ),
        ("without one", w.watch(None), "no: needs-grant"),
        ("somebody else's", w.watch(grant, "decider"), "no: not-the-holder"),
        ("other footage", w.watch(replace(grant, recording=id_of("x"))), "no: grant-for-other-footage"),
        ("another purpose", w.watch(replace(grant, purpose=w.another)), "no: grant-for-another-purpose"),
        ("too early", w.watch(replace(grant, valid_from=NOW + MOMENT)), "no: grant-not-begun"),
        ("from its first moment", w.watch(replace(grant, valid_from=NOW)), ok),
        ("until its end", w.watch(replace(grant, valid_until=NOW + MOMENT)), ok),
        ("at its end", w.watch(replace(grant, valid_until=NOW)), "no: grant-ended"),
        ("revoked", w.watch(replace(grant, revoked=True)), "no: grant-revoked"),
        ("last moment of the term", w.watch(_long(w), now=w.recording.dispose_after - MOMENT), ok),
        ("term is over", w.watch(_long(w), now=w.recording.dispose_after), "no: term-is-over"),
        ("disposed under a grant", w.watch(grant, resource=disposed), "no: footage-disposed"),
        ("not kept under a grant", w.watch(grant, resource=arriving), "no: footage-not-kept"),
        (
            "purpose no longer offered",
            w.watch(replace(grant, purpose="audit"), purpose="audit"),
            "no: purpose-not-offered",
        ),
        (
            "appraisal under a grant",
            w.watch(replace(grant, purpose="functioneringsgesprek"), purpose="functioneringsgesprek"),
            "no: works-council purpose-not-offered",
        ),
        (
            "administrator without a grant",
            w.watch(None, "functional-administrator"),
            "no: needs-grant",
        ),
        ("revoked by decider", w.revoke("decider"), "yes: grant-revoked-by-decider"),
        ("revoked by privacy officer", w.revoke("privacy-officer"), "yes: grant-revoked-by-decider"),
        ("handed back", w.revoke("supervisor"), "yes: grant-handed-back"),
        ("revoked by a stranger", w.revoke("stranger"), "no: no-rule-permits"),
        ("revoked by the auditor", w.revoke("auditor"), "no: no-rule-permits"),
        (
            "revoked for other footage",
            w.revoke("decider", grant=replace(grant, recording=id_of("x"))),
            "no: grant-for-other-footage",
        ),
        (
            "revoked after the term",
            w.revoke("decider", now=w.recording.dispose_after, resource=disposed),
            "yes: grant-revoked-by-decider",
        ),
    ]


def _long(w: World) -> Grant:
    return w.grant(valid_until=NOW + timedelta(days=90))


def deciding(w: World) -> list[Case]:
    over = w.recording.dispose_after
    return [
        ("by the decider", w.decide("decider"), "yes: decided-by-decider"),
        ("by the privacy officer", w.decide("privacy-officer"), "yes: decided-by-decider"),
        ("by a supervisor", w.decide("supervisor", requester="maker"), "no: no-rule-permits"),
        *(
            (f"by {role}", w.decide(role), "no: no-rule-permits")
            for role in sorted(roles() - {"supervisor", "decider", "privacy-officer"})
        ),
        ("own request", w.decide("decider", requester="decider"), "no: own-request"),
        ("after the term", w.decide("decider", now=over), "no: term-is-over"),
        (
            "about disposed footage",
            w.decide("decider", resource=replace(w.recording, state="disposed")),
            "no: footage-disposed",
        ),
        (
            "about footage in quarantine",
            w.decide("decider", resource=replace(w.recording, state="quarantine")),
            "no: footage-not-kept",
        ),
        ("for another purpose", w.decide("decider", purpose=w.another), "no: request-has-another-purpose"),
        (
            "for a purpose not offered",
            _decide_for(w, "audit"),
            "no: purpose-not-offered",
        ),
        (
            "for appraisal",
            _decide_for(w, "functioneringsgesprek"),
            "no: works-council purpose-not-offered",
        ),
    ]


def _decide_for(w: World, purpose: str) -> Situation:
    situation = w.decide("decider")
    assert situation.request is not None
    return replace(situation, purpose=purpose, request=replace(situation.request, purpose=purpose))


def viewers_and_recipients(w: World) -> list[Case]:
    ask = w.ask("supervisor", "incidentafhandeling")
    assert ask.request is not None
    team = "yes: supervisor-asks-for-own-team [decider no-copy]"
    decide = w.decide("decider")
    assert decide.request is not None
    few, many = MOST_VIEWERS - 1, MOST_VIEWERS
    return [
        ("last viewer", w.ask("supervisor", "incidentafhandeling", other_viewers=few), team),
        (
            "one viewer too many",
            w.ask("supervisor", "incidentafhandeling", other_viewers=many),
            "no: too-many-viewers",
        ),
        (
            "last viewer decided on",
            replace(decide, request=replace(decide.request, other_viewers=few)),
            "yes: decided-by-decider",
        ),
        (
            "one viewer too many decided on",
            replace(decide, request=replace(decide.request, other_viewers=many)),
            "no: too-many-viewers",
        ),
        (
            "known recipient",
            w.ask("privacy-officer", "opsporing", demand_received=True, recipient="om"),
            "yes: demand-carried-out [decider watermark]",
        ),
        (
            "unknown recipient",
            w.ask("privacy-officer", "opsporing", demand_received=True, recipient="krant"),
            "no: recipient-not-allowed recipient-not-for-this-purpose",
        ),
        (
            "known recipient decided on",
            replace(decide, request=replace(decide.request, recipient="om")),
            "yes: decided-by-decider",
        ),
        (
            "unknown recipient decided on",
            replace(decide, request=replace(decide.request, recipient="krant")),
            "no: recipient-not-allowed",
        ),
    ]


def asked_by_neighbour(w: World) -> list[Case]:
    neighbour = w.person("supervisor", municipality=NEIGHBOUR)
    auditor = w.person("auditor", municipality=NEIGHBOUR)
    stranger = w.person("supervisor", municipality="elders")
    team = "yes: supervisor-asks-for-own-team [decider no-copy]"
    return [
        ("asked by a neighbour", w.ask(neighbour, "incidentafhandeling"), team),
        ("asked by a stranger", w.ask(stranger, "incidentafhandeling"), "no: other-municipality"),
        (
            "trail of a neighbour",
            replace(w.read_audit("auditor", "audit"), person=auditor),
            "no: other-municipality",
        ),
        (
            "neighbour about the neighbour's own footage",
            replace(
                w.ask(neighbour, "incidentafhandeling"), resource=replace(w.recording, municipality=NEIGHBOUR)
            ),
            "no: other-municipality",
        ),
        (
            "rules of a neighbour",
            w.rules(Action.READ_RULES, w.person("auditor", municipality=NEIGHBOUR)),
            "no: other-municipality",
        ),
    ]


def decided_by_neighbour(w: World) -> list[Case]:
    neighbour = w.person("decider", municipality=NEIGHBOUR)
    return [("decided by a neighbour", w.decide(neighbour), "no: decided-by-own-municipality")]


def evaluated_by_neighbour(w: World) -> list[Case]:
    neighbour = w.person("application", municipality=NEIGHBOUR)
    oneself = w.person("maker", municipality=NEIGHBOUR)
    only = "no: evaluated-within-municipality"
    return [
        ("evaluated for a neighbour's application", w.evaluate(neighbour), only),
        (
            "evaluated for a neighbour's application that asks about itself",
            w.evaluate(neighbour, "application"),
            only,
        ),
        ("a neighbour asks about themselves", w.evaluate(oneself), "yes: evaluated-for-oneself"),
    ]
