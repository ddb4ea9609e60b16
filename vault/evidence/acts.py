"""Figures of what was done: counted in the trail, and told by purpose and by rule."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from policies.engine import RuleSet
from policies.rules import BUILT_IN
from policies.terms import Terms
from vault.audit import Event
from vault.evidence.counting import Count
from vault.evidence.figures import CountTold, DenialTold, PurposeTold, Text

DENY = "deny"
NO_PURPOSE = Text(nl="zonder doel, of een dat op geen lijst staat", en="without a purpose, or one on no list")
_ASKED = (Event.REQUEST_SUBMITTED, Event.REQUEST_ALLOWED, Event.REQUEST_REFUSED)
_OF_FOOTAGE = frozenset(
    (*_ASKED, Event.REQUEST_APPROVED, Event.REQUEST_REJECTED, Event.VIEWING_SERVED, Event.VIEWING_DENIED)
)


def counts(found: Iterable[Count]) -> list[CountTold]:
    """The counts without their rules: by month, event, purpose and decision."""
    numbers: Counter[tuple[str, str, str | None, str | None]] = Counter()
    for each in found:
        numbers[(each.month, each.event, each.purpose, each.decision)] += each.number
    return [
        CountTold(month=month, event=event, purpose=purpose, decision=decision, number=number)
        for (month, event, purpose, decision), number in sorted(
            numbers.items(), key=lambda item: tuple(part or "" for part in item[0])
        )
    ]


def purposes(found: Sequence[Count], watched: Mapping[str | None, int], terms: Terms) -> list[PurposeTold]:
    """Access by purpose: those of the rule set in its order, then what else was asked for."""
    numbers: Counter[tuple[str | None, str]] = Counter()
    for each in found:
        if each.event in _OF_FOOTAGE:
            numbers[(each.purpose, each.event)] += each.number
    others = {purpose for purpose, _ in numbers} - terms.purposes.keys()
    listed = [*terms.purposes, *sorted(others, key=lambda purpose: purpose or "~")]
    return [_purpose(purpose, numbers, watched, terms) for purpose in listed]


def _purpose(
    purpose: str | None,
    numbers: Mapping[tuple[str | None, str], int],
    watched: Mapping[str | None, int],
    terms: Terms,
) -> PurposeTold:
    def of(*events: Event) -> int:
        return sum(numbers.get((purpose, event), 0) for event in events)

    return PurposeTold(
        purpose=purpose,
        title=_title(purpose, terms),
        asked=of(*_ASKED),
        allowed=of(Event.REQUEST_ALLOWED),
        refused=of(Event.REQUEST_REFUSED),
        approved=of(Event.REQUEST_APPROVED),
        rejected=of(Event.REQUEST_REJECTED),
        ranges_watched=of(Event.VIEWING_SERVED),
        recordings_watched=watched.get(purpose, 0),
        watching_denied=of(Event.VIEWING_DENIED),
    )


def _title(purpose: str | None, terms: Terms) -> Text:
    if purpose is None:
        return NO_PURPOSE
    title = terms.purposes.get(purpose)
    return Text(nl=title.nl, en=title.en) if title else Text(nl=purpose, en=purpose)


def denials(found: Iterable[Count], rule_set: RuleSet) -> list[DenialTold]:
    """What was denied, by rule, the most often first; a rule that is gone since is told by its id."""
    numbers: Counter[str] = Counter()
    for each in found:
        if each.decision == DENY:
            numbers.update(dict.fromkeys(each.rules, each.number))
    return [_denial(rule, number, rule_set) for rule, number in sorted(numbers.items(), key=_most)]


def _most(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


def _denial(rule: str, number: int, rule_set: RuleSet) -> DenialTold:
    known = rule_set.rules.get(rule) or BUILT_IN.get(rule)
    return DenialTold(
        rule=rule,
        title=Text(nl=known.title_nl, en=known.title_en) if known else Text(nl=rule, en=rule),
        basis=known.basis if known else "",
        number=number,
    )


def number_of(found: Iterable[Count], *events: Event) -> int:
    """How many entries there are of these events."""
    return sum(each.number for each in found if each.event in events)
