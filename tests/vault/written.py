"""Rules as a municipality might write them, made up at random: everything that a list can be made by."""

from hypothesis import strategies as st

from policies.facts import Action

_ABOUT_ROW = [
    "resource.maker == principal",
    "resource.maker != principal",
    'resource.maker in Role::"officer"',
    'resource.maker in [Role::"supervisor", Role::"decider"]',
    "resource.depicted.contains(principal)",
    "resource.depicted.contains(resource.maker)",
    "principal in resource.depicted",
    "resource.maker in resource.depicted",
    "resource.depicted.isEmpty()",
    "resource.depicted.containsAny([principal, resource.maker])",
    "resource.depicted.containsAll([principal, resource.maker])",
    "[resource.maker, principal].contains(principal)",
    "[principal].containsAny(resource.depicted)",
    "resource has team",
    "(resource has team && principal.teams.contains(resource.team))",
    '(resource has team && resource.team == Team::"centrum")',
    '(resource has team && [Team::"centrum", Team::"haven"].contains(resource.team))',
    'resource.regime == Regime::"wpg"',
    'resource.state == "kept"',
    'resource.state != "quarantined"',
    "resource.municipality == principal.municipality",
    "resource.municipality.sharesWith.contains(principal.municipality)",
    "resource is Recording",
    "context.now < resource.disposeAfter",
    "resource.recordedAt <= context.now",
    "resource.recordedAt > context.now",
    "resource.recordedAt == context.now",
    'context.now.durationSince(resource.recordedAt) > duration("7d")',
    'resource.recordedAt.durationSince(context.now) >= duration("-1h500ms")',
    'resource.recordedAt.offset(duration("28d")) != context.now',
    'resource.disposeAfter.offset(duration("-28d")) <= context.now',
    'resource.recordedAt >= datetime("2026-03-10T11:00:00.123Z")',
    'resource.recordedAt < datetime("2026-03-10")',
    'resource.recordedAt < datetime("2026-03-10T13:00:00+0100")',
]
_KNOWN = [
    "principal.active",
    'principal in Role::"officer"',
    'principal in [Role::"supervisor", Role::"privacy-officer"]',
    'principal is Person in Role::"auditor"',
    'principal.teams.contains(Team::"haven")',
    "principal.teams.isEmpty()",
    "principal.municipality == context.municipality",
    'context.now.toTime() < duration("11h")',
    'context.now.toDate() == datetime("2026-03-10")',
    'duration("36h").toDays() == 1',
    "(context.municipality has mostViewers && context.municipality.mostViewers * 2 - 1 > -3)",
    'context.purpose == Purpose::"zelfevaluatie"',
    '[Purpose::"klacht", Purpose::"incidentafhandeling"].contains(context.purpose)',
    "context.municipality.purposes.contains(context.purpose)",
    # Cedar cannot answer these: whoever asks gets no.
    "9223372036854775807 + 1 > 0",
    'context.now.offset(duration("106751991166d")) > context.now',
    "(principal.municipality has mostViewers && principal.municipality.mostViewers > 1)",
    "principal.municipality.purposes.contains(context.purpose)",
    'resource.recordedAt.offset(duration("106751991166d")) > context.now',
]
_ABOUT = {
    Action.FIND: [
        "context has search",
        "(context has search && context.search.requester == principal)",
        "(context has search && context.search.requester in resource.depicted)",
        "(context has search && context.search.since < resource.recordedAt)",
        '(context has search && resource.recordedAt.durationSince(context.search.since) < duration("2h"))',
        "(context has search && context.search.hasCaseReference)",
        'context has search && context.search.until.durationSince(context.search.since) == duration("24h")',
    ],
    Action.READ_REQUEST: [
        "context.request.requester == principal",
        "context.request.requester == resource.maker",
        "resource.depicted.contains(context.request.requester)",
        "context.request.purpose == context.purpose",
        "context.request.hasCaseReference",
        "context.request.complaintFiled",
        "context.request.demandReceived == context.request.subjectDepicted",
        "(context.request.safetyIncident || context.request.atOfficersRequest)",
        "context.request has recipient",
        '(context.request has recipient && context.request.recipient == Recipient::"om")',
        "(context.request has recipient && "
        "context.municipality.recipients.contains(context.request.recipient))",
        'context.now.durationSince(context.request.askedAt) < duration("3d")',
    ],
    Action.READ_GRANT: [
        "context.grant.holder == principal",
        "context.grant.holder != resource.maker",
        "context.grant.holder in resource.depicted",
        "context.grant.recording == resource",
        'context.grant.recording.state == "kept"',
        "context.grant.revoked",
        "context.grant.revoked == false",
        "context.grant.validFrom <= context.now",
        "context.now >= context.grant.validUntil",
        'context.grant.purpose == Purpose::"klacht"',
    ],
}
_ABOUT[Action.REVOKE] = _ABOUT[Action.READ_GRANT]
_SCOPES = (
    "principal",
    'principal in Role::"supervisor"',
    "principal is Person",
    'principal is Person in Role::"privacy-officer"',
)


EACH = [
    # About grants few rules stand in the way of seeing what one condition makes of rows.
    *((Action.READ_GRANT, condition) for condition in (*_ABOUT_ROW, *_KNOWN, *_ABOUT[Action.READ_GRANT])),
    *((Action.READ_REQUEST, condition) for condition in _ABOUT[Action.READ_REQUEST]),
    *((Action.FIND, condition) for condition in _ABOUT[Action.FIND]),
]
"""Every condition by itself, with an action about which it can be written."""


def rule(effect: str, action: Action, condition: str, number: int = 0, scope: str = "principal") -> str:
    """A rule of a municipality's own."""
    return (
        f'@id("made-up-{number}") @title_nl("n") @title_en("e") @basis("b") '
        f'{effect} ({scope}, action == Action::"{action.value}", resource) {condition};'
    )


def conditions(action: Action) -> st.SearchStrategy[str]:
    """What may stand between the braces of a rule about `action`."""
    simple = st.sampled_from([*_ABOUT_ROW, *_ABOUT[action]]) | st.sampled_from(_KNOWN)
    return st.recursive(
        simple,
        lambda inner: st.one_of(
            inner.map("!({})".format),
            st.tuples(inner, inner).map(lambda pair: f"(({pair[0]}) && ({pair[1]}))"),
            st.tuples(inner, inner).map(lambda pair: f"(({pair[0]}) || ({pair[1]}))"),
            st.tuples(simple, simple).map(lambda pair: f"(({pair[0]}) == ({pair[1]}))"),
            st.tuples(inner, inner, inner).map("(if {0[0]} then {0[1]} else {0[2]})".format),
        ),
        max_leaves=6,
    )


@st.composite
def rules(draw: st.DrawFn, action: Action) -> str:
    """Up to three rules about `action`, of a municipality's own."""
    texts = []
    for number in range(draw(st.integers(0, 3))):
        effect = draw(st.sampled_from(("permit", "permit", "forbid")))
        kind = draw(st.sampled_from(("when", "unless")))
        scope = draw(st.sampled_from(_SCOPES))
        condition = f"{kind} {{ {draw(conditions(action))} }}"
        texts.append(rule(effect, action, condition, number, scope))
    return "\n".join(texts)
