"""Rules as a person reads them, and the reading of Cedar files into rules.

Every rule carries annotations: `@id` (a slug that reads as the reason it gives), `@title_nl`, `@title_en` and
`@basis` (law or regulation). A permit may carry `@obligations` (comma-separated); a forbid may carry
`@remedy_nl` and `@remedy_en`: what would make it possible. Nothing else: an annotation spelled wrong would be
an obligation lost without a trace.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import cedarpy

from policies.problems import Problem


class Effect(StrEnum):
    """A forbid always wins over any number of permits."""

    PERMIT = "permit"
    FORBID = "forbid"


class Obligation(StrEnum):
    """What has to be done for a permission to hold. A door that cannot carry one out refuses."""

    DECIDER = "decider"
    """Somebody other than the requester approves first."""
    NO_COPY = "no-copy"
    """Shown, never handed over as a file."""
    WATERMARK = "watermark"
    """The picture shows who watches it."""
    OTHERS_UNRECOGNISABLE = "others-unrecognisable"
    """Everybody but the data subject is made unrecognisable (AVG art. 15 lid 4)."""
    ON_SITE_ONLY = "on-site-only"
    """Shown at the municipality's office only."""
    NOTIFY = "notify"
    """The officers concerned are told."""


OBLIGATIONS = {obligation.value: obligation for obligation in Obligation}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, as it is shown when it decides."""

    id: str
    effect: Effect
    title_nl: str
    title_en: str
    basis: str
    obligations: frozenset[Obligation]
    file: str
    remedy_nl: str | None = None
    """What whoever is denied can do about it, where there is something."""
    remedy_en: str | None = None


def _built_in(id_: str, title_nl: str, title_en: str, basis: str) -> Rule:
    return Rule(id_, Effect.FORBID, title_nl, title_en, basis, frozenset(), "built-in")


NO_RULE_PERMITS = _built_in(
    "no-rule-permits",
    "Geen regel staat dit toe.",
    "No rule permits this.",
    "AVG art. 5 lid 1 onder b; Wpg art. 3",
)
PURPOSE_UNKNOWN = _built_in(
    "purpose-unknown",
    "Dit doel staat niet op de gesloten lijst van doelen.",
    "This purpose is not on the closed list of purposes.",
    "AVG art. 5 lid 1 onder b; Wpg art. 3",
)
CANNOT_BE_EVALUATED = _built_in(
    "cannot-be-evaluated",
    "De regels konden niet volledig worden toegepast; daarom is het antwoord nee.",
    "The rules could not be fully evaluated, so the answer is no.",
    "AVG art. 25 lid 2 en art. 32",
)
OBLIGATION_UNKNOWN = _built_in(
    "obligation-unknown",
    "Aan de toestemming is een verplichting verbonden die deze software niet kent.",
    "The grant carries an obligation that this software does not know.",
    "AVG art. 25 lid 2 en art. 32",
)
BUILT_IN = {
    rule.id: rule for rule in (NO_RULE_PERMITS, PURPOSE_UNKNOWN, CANNOT_BE_EVALUATED, OBLIGATION_UNKNOWN)
}

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_REQUIRED = ("id", "title_nl", "title_en", "basis")
_REMEDIES = ("remedy_nl", "remedy_en")
_KNOWN = {*_REQUIRED, *_REMEDIES, "obligations"}

Est = dict[str, Any]
"""A policy in Cedar's JSON policy format."""


def parse_rules(file: str, text: str, schema: cedarpy.Schema) -> tuple[list[tuple[Rule, Est]], list[Problem]]:
    """The rules of one Cedar file, each with its policy, and everything that is wrong with them."""
    try:
        parsed = json.loads(cedarpy.policies_to_json_str(text))
    except ValueError as error:
        return [], [Problem(file, None, f"is not Cedar: {error}")]
    problems = [Problem(file, key, "is a template; write the rule out") for key in parsed["templates"]]
    policies: dict[str, Est] = parsed["staticPolicies"]
    rules = []
    for key in sorted(policies, key=lambda key: int(key.removeprefix("policy"))):
        wrong = list(_problems(policies[key]))
        name = _name(key, policies[key])
        problems += [Problem(file, name, text) for text in wrong]
        if not wrong:
            rules.append((_rule(file, policies[key]), policies[key]))
    for fault in cedarpy.validate_policies(text, schema).errors:
        name = _name(fault.policy_id, policies.get(fault.policy_id, {}))
        problems.append(Problem(file, name, fault.error.replace(f"for policy `{fault.policy_id}`, ", "")))
    return rules, problems


def _name(key: str, policy: Est) -> str:
    """The rule's id, or its place in the file when it has none."""
    return policy.get("annotations", {}).get("id") or f"number {int(key.removeprefix('policy')) + 1}"


def _problems(policy: Est) -> Iterator[str]:
    annotations: dict[str, str | None] = policy.get("annotations", {})
    for key in _REQUIRED:
        if not (annotations.get(key) or "").strip():
            yield f"@{key} is missing or empty"
    for key in annotations.keys() - _KNOWN:
        yield f"@{key} is not an annotation known here"
    id_ = annotations.get("id") or ""
    if id_ and not _ID.fullmatch(id_):
        yield "@id must be lower-case words joined by hyphens"
    if id_ in BUILT_IN:
        yield "@id is the name of a built-in reason"
    if policy["effect"] == Effect.PERMIT and policy["action"]["op"] == "All":
        yield "a permit must name its actions"
    remedies = [(annotations.get(key) or "").strip() for key in _REMEDIES]
    if any(key in annotations for key in _REMEDIES) and not all(remedies):
        yield "@remedy_nl and @remedy_en go together"
    if any(remedies) and policy["effect"] == Effect.PERMIT:
        yield "@remedy_nl and @remedy_en mean nothing on a permit"
    if "obligations" in annotations:
        yield from _obligation_problems(policy, annotations["obligations"] or "")


def _obligation_problems(policy: Est, listed: str) -> Iterator[str]:
    if policy["effect"] == Effect.FORBID:
        yield "@obligations means nothing on a forbid"
    for name in _split(listed):
        if name not in OBLIGATIONS:
            yield f"@obligations: {name!r} is not an obligation known here"


def _rule(file: str, policy: Est) -> Rule:
    annotations = policy["annotations"]
    listed = annotations.get("obligations")
    obligations = frozenset(OBLIGATIONS[name] for name in _split(listed)) if listed else frozenset()
    id_, title_nl, title_en, basis = (annotations[key].strip() for key in _REQUIRED)
    remedies = (annotations[key].strip() if key in annotations else None for key in _REMEDIES)
    return Rule(id_, Effect(policy["effect"]), title_nl, title_en, basis, obligations, file, *remedies)


def _split(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",")]
