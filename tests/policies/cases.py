"""The case tables: situations and the answer expected: deciding rules, and obligations.

`test_rulesets.py` runs them, and checks that no rule can be weakened without one of these answers changing.
"""

from dataclasses import replace
from datetime import timedelta

from policies.engine import Decision
from policies.facts import Action, Grant, Situation, Trail
from tests.policies.municipal_cases import TABLES, Case
from tests.policies.world import MOMENT, NOW, World, id_of


def answer(decision: Decision) -> str:
    verdict = "yes" if decision.permitted else "no"
    told = " ".join(rule.id for rule in decision.reasons)
    owed = " ".join(sorted(decision.obligations))
    return f"{verdict}: {told} [{owed}]" if owed else f"{verdict}: {told}"


def cases(municipality: str) -> list[Case]:
    world = World(municipality)
    own = TABLES[municipality](world)
    return [*above_all(world), *watching(world), *deciding(world), *reading(world), *trail(world), *own]


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
        ("another purpose", w.watch(replace(grant, purpose="aangifte")), "no: grant-for-another-purpose"),
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
        ("by the administrator", w.decide("functional-administrator"), "no: no-rule-permits"),
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
        ("for another purpose", w.decide("decider", purpose="aangifte"), "no: request-has-another-purpose"),
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


def reading(w: World) -> list[Case]:
    def request(person: str) -> Situation:
        return replace(w.decide(person), action=Action.READ_REQUEST)

    def grant(person: str) -> Situation:
        return replace(w.revoke(person), action=Action.READ_GRANT)

    return [
        ("own request", request("supervisor"), "yes: request-read-by-requester"),
        ("a request, by the decider", request("decider"), "yes: request-read-by-decider"),
        ("a request, by the privacy officer", request("privacy-officer"), "yes: request-read-by-decider"),
        ("somebody's request", request("stranger"), "no: no-rule-permits"),
        ("own grant", grant("supervisor"), "yes: grant-read-by-holder"),
        ("a grant, by the decider", grant("decider"), "yes: grant-read-by-decider"),
        ("a grant, by the privacy officer", grant("privacy-officer"), "yes: grant-read-by-decider"),
        ("somebody's grant", grant("stranger"), "no: no-rule-permits"),
    ]


def trail(w: World) -> list[Case]:
    only = "no: trail-for-oversight-only"
    return [
        ("oversight", w.read_audit("privacy-officer", "toezicht-inzagelog"), "yes: trail-read-for-oversight"),
        ("audit", w.read_audit("auditor", "audit"), "yes: trail-read-for-audit"),
        ("auditor, oversight", w.read_audit("auditor", "toezicht-inzagelog"), "no: no-rule-permits"),
        ("privacy officer, audit", w.read_audit("privacy-officer", "audit"), "no: no-rule-permits"),
        ("supervisor", w.read_audit("supervisor", "toezicht-inzagelog"), "no: no-rule-permits"),
        ("decider", w.read_audit("decider", "audit"), "no: no-rule-permits"),
        ("administrator", w.read_audit("functional-administrator", "audit"), "no: no-rule-permits"),
        ("investigation", w.read_audit("privacy-officer", "opsporing"), only),
        (
            "appraisal",
            w.read_audit("privacy-officer", "functioneringsgesprek"),
            f"no: works-council {only[4:]}",
        ),
        (
            "another municipality's",
            w.read_audit("auditor", "audit", Trail("elders")),
            "no: other-municipality",
        ),
    ]
