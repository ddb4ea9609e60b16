"""The decision matrix of a rule set (matrix.csv): who may do what for which purpose, on which day and under
which conditions, asked of the rules one situation after the other, and written in as few lines as say that.

A change of rules shows in it as a readable difference. What is asked about: `policies.dimensions`. Left out
is what the shared rules decide everywhere in the same way: people who are not active or of a strange
municipality, requests in another's name, footage that something holds.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise, product

from policies.cases import Answer, answer
from policies.dimensions import PERMITTED_HERE, SO, Dimensions, dimensions, own_rules
from policies.engine import RuleSet
from policies.facts import Action
from policies.glossary import NO, YES, Glossary, word_for

FILE = "matrix.csv"
SHARED_PERMITS = (Action.FIND, Action.WATCH)
"""Told of where a municipality forbids more of it than the shared rules do."""
COLUMNS = [
    "handeling",
    "doel",
    "rol",
    "relatie",
    "dag",
    "voorwaarden",
    "kijkers",
    "ontvanger",
    "antwoord",
    "regels",
    "verplichtingen",
]
ANY = "*"

Box = tuple[frozenset[str], ...]
"""For each dimension the values for which the answer is the same."""


def matrix(rule_set: RuleSet, words: Glossary, roles: frozenset[str]) -> str:
    """The matrix as a table. `roles`: the schema's closed list."""
    lines = [";".join(COLUMNS)]
    purposes = sorted(rule_set.terms.purposes)
    more = [
        each for each in SHARED_PERMITS if any(own_rules(rule_set, each, purpose) for purpose in purposes)
    ]
    for action in (*PERMITTED_HERE, *more):
        for purpose in purposes:
            asked = dimensions(rule_set, words, roles, action, purpose)
            # What is allowed first: that is what one looks for.
            found = sorted(boxes(rule_set, asked), key=lambda box: not box[1].permitted)
            lines += [_line(box, told, asked, words) for box, told in found]
        lines += _not_offered(rule_set, action, words)
    return "\n".join(lines) + "\n"


def boxes(rule_set: RuleSet, asked: Dimensions) -> Iterator[tuple[Box, Answer]]:
    """Every situation of these dimensions in exactly one box, with the answer to all that are in it."""
    told: dict[Box, Answer] = {}
    for point in product(*asked.values()):
        decision = rule_set.decide(asked.scene(point).situation(rule_set.terms))
        told[tuple(frozenset({value}) for value in point)] = answer(decision)
    # The last dimensions first: a condition that makes no difference is the first thing to leave out.
    for dimension in reversed(range(len(asked.values()))):
        told = _merged(told, dimension)
    yield from told.items()


def _merged(told: Mapping[Box, Answer], dimension: int) -> dict[Box, Answer]:
    """Boxes that differ in one dimension only, and not in their answer, made one."""
    groups: dict[tuple[Box, Answer], frozenset[str]] = {}
    for box, answered in told.items():
        rest = (*box[:dimension], frozenset[str](), *box[dimension + 1 :])
        groups[rest, answered] = groups.get((rest, answered), frozenset()) | box[dimension]
    return {
        (*rest[:dimension], values, *rest[dimension + 1 :]): answered
        for (rest, answered), values in groups.items()
    }


def _not_offered(rule_set: RuleSet, action: Action, words: Glossary) -> Iterator[str]:
    """One line for all that this municipality uses footage for in no case."""
    others = sorted(rule_set.purposes - rule_set.terms.purposes.keys())
    told = word_for(words.answers, NO)
    if others:
        line = [
            word_for(words.actions, action),
            "|".join(others),
            *[ANY] * 6,
            told,
            "purpose-not-offered",
            "",
        ]
        yield ";".join(line)


def _line(box: Box, told: Answer, asked: Dimensions, words: Glossary) -> str:
    values = asked.values()
    role, relation, recipient = (_cell(box[at], values[at]) for at in (0, 1, 4))
    day, viewers = (_stretch(box[at], values[at]) for at in (2, 3))
    so = zip(asked.conditions, box[5:], strict=True)
    named = [_condition(word_for(words.conditions, name), value) for name, value in so]
    return ";".join(
        [
            word_for(words.actions, asked.action),
            asked.purpose,
            role,
            relation,
            day,
            "+".join(filter(None, named)) or ANY,
            viewers,
            recipient,
            word_for(words.answers, YES if told.permitted else NO),
            " ".join(told.rules),
            " ".join(sorted(told.obligations)),
        ]
    )


def _cell(values: frozenset[str], known: list[str]) -> str:
    if len(values) == len(known):
        return ANY
    return "|".join(value for value in known if value in values)


def _stretch(values: frozenset[str], known: list[str]) -> str:
    """Stretches that touch are one."""
    if len(values) == len(known):
        return ANY
    joined: list[list[str]] = []
    for before, value in pairwise(["", *known]):
        if value in values:
            joined = [*joined, []] if before not in values else joined
            joined[-1].append(value)
    return "|".join(_joined(each) for each in joined)


def _joined(stretches: list[str]) -> str:
    if len(stretches) == 1:
        return stretches[0]
    return f"{stretches[0].partition('-')[0]}-{stretches[-1].rpartition('-')[2]}"


def _condition(word: str, values: frozenset[str]) -> str:
    if len(values) > 1:
        return ""
    return word if SO in values else f"niet {word}"
