"""Cases a lawyer can sign (cases.csv): situations in a municipality's own words, each with the answer that
its regulation gives. Here a table is read, and the rules are asked for each of its cases.

What the words mean is in shared/words.csv; docs/rule-sets.md tells how a table is written.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from policies.engine import Decision, RuleSet
from policies.facts import Action, Situation
from policies.glossary import YES, Glossary, rows
from policies.problems import Problem, RuleSetInvalid
from policies.rules import BUILT_IN, OBLIGATIONS
from policies.scenes import Relation, Scene

FILE = "cases.csv"
COLUMNS = [
    "situatie",
    "handeling",
    "rol",
    "relatie",
    "doel",
    "dag",
    "voorwaarden",
    "kijkers",
    "ontvanger",
    "antwoord",
    "regels",
    "verplichtingen",
]


class CasesInvalid(RuleSetInvalid):
    """This table of cases cannot be read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered, by which rules, and what must be done for it to hold."""

    permitted: bool
    rules: tuple[str, ...]
    obligations: frozenset[str]


@dataclass(frozen=True, slots=True)
class Case:
    """One line of a table."""

    place: str
    title: str
    situation: Situation
    expected: Answer


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case, and what the rules say about it."""

    case: Case
    decision: Decision

    @property
    def answer(self) -> Answer:
        """What the rules say, in the form of what was expected."""
        return answer(self.decision)

    @property
    def agrees(self) -> bool:
        """Whether the rules say what the table says; a table may name them in any order."""
        said, expected = self.answer, self.case.expected
        same = (said.permitted, said.obligations) == (expected.permitted, expected.obligations)
        return same and set(said.rules) == set(expected.rules)


def answer(decision: Decision) -> Answer:
    """A decision in the form in which a table expects it."""
    obligations = frozenset(obligation.value for obligation in decision.obligations)
    return Answer(decision.permitted, tuple(rule.id for rule in decision.reasons), obligations)


def try_cases(rule_set: RuleSet, cases: Iterable[Case]) -> list[Outcome]:
    """What these rules say about each of these cases."""
    return [Outcome(case, rule_set.decide(case.situation)) for case in cases]


def silent_rules(rule_set: RuleSet, outcomes: Iterable[Outcome]) -> list[str]:
    """The municipality's own rules that decide none of these: nobody would see it if they were wrong."""
    told = {id_ for outcome in outcomes for id_ in outcome.answer.rules}
    own = (rule for rule in rule_set.rules.values() if rule.file.startswith(f"{rule_set.municipality}/"))
    return [rule.id for rule in own if rule.id not in told]


def parse_cases(text: str, words: Glossary, rule_set: RuleSet, file: str = FILE) -> tuple[Case, ...]:
    """The cases in this text, about these rules. Raises CasesInvalid with all that is wrong, by line."""
    problems: list[Problem] = []
    found: list[Case] = []
    lines: list[tuple[int, list[str]]] = []
    try:
        lines.extend(rows(text))
    except csv.Error as error:
        place = f"{file}, after line {lines[-1][0] if lines else 0}"
        raise CasesInvalid([Problem(place, None, f"is not a table: {error}")]) from error
    if not lines or lines[0][1] != COLUMNS:
        raise CasesInvalid([Problem(f"{file}, line 1", None, f"the columns are {';'.join(COLUMNS)}")])
    titles: set[str] = set()
    for line, cells in lines[1:]:
        place = f"{file}, line {line}"
        row = _Row(dict(zip(COLUMNS, cells, strict=False)), words, rule_set)
        wrong = [f"has {len(cells)} cells, not {len(COLUMNS)}"] if len(cells) != len(COLUMNS) else []
        wrong = wrong or [*row.wrong()]
        if not wrong and row.cells["situatie"] in titles:
            wrong.append("situatie: another line has the same")
        problems += [Problem(place, None, text) for text in wrong]
        if not wrong:
            titles.add(row.cells["situatie"])
            found.append(row.case(place))
    if problems:
        raise CasesInvalid(problems)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Row:
    """The cells of one line, by column."""

    cells: Mapping[str, str]
    words: Glossary
    rule_set: RuleSet

    def wrong(self) -> Iterator[str]:
        """What stands in the cells and means nothing."""
        words, known = self.words, self.rule_set
        if not self.cells["situatie"]:
            yield "situatie: is empty"
        yield from self._unknown("handeling", [self.cells["handeling"]], words.actions)
        yield from self._unknown("rol", self._parts("rol") or [""], words.roles)
        yield from self._unknown("relatie", self._parts("relatie"), words.relations)
        yield from self._unknown("doel", [self.cells["doel"]], known.purposes)
        yield from self._unknown("voorwaarden", self._parts("voorwaarden"), words.conditions)
        yield from self._unknown("antwoord", [self.cells["antwoord"]], words.answers)
        ids = self.cells["regels"].split() or [""]
        yield from self._unknown("regels", ids, {**known.rules, **BUILT_IN}, list_them=False)
        yield from self._unknown("verplichtingen", self.cells["verplichtingen"].split(), OBLIGATIONS)
        for column in ("dag", "kijkers"):
            number = self.cells[column] or ("0" if column == "kijkers" else "")
            if not (number.isascii() and number.isdigit() and len(number) <= 4):
                yield f"{column}: {number!r} is not a number of at most four digits"

    def case(self, place: str) -> Case:
        """The case, when nothing is wrong."""
        words = self.words
        scene = Scene(
            action=Action(words.actions[self.cells["handeling"]]),
            roles=frozenset(words.roles[word] for word in self._parts("rol")),
            relations=frozenset(Relation(words.relations[word]) for word in self._parts("relatie")),
            purpose=self.cells["doel"],
            day=int(self.cells["dag"]),
            conditions=frozenset(words.conditions[word] for word in self._parts("voorwaarden")),
            viewers=int(self.cells["kijkers"] or "0"),
            recipient=self.cells["ontvanger"] or None,
        )
        expected = Answer(
            permitted=words.answers[self.cells["antwoord"]] == YES,
            rules=tuple(self.cells["regels"].split()),
            obligations=frozenset(self.cells["verplichtingen"].split()),
        )
        return Case(place, self.cells["situatie"], scene.situation(self.rule_set.terms), expected)

    def _parts(self, column: str) -> list[str]:
        return [part.strip() for part in self.cells[column].split("+")] if self.cells[column] else []

    def _unknown(
        self, column: str, parts: Sequence[str], known: Iterable[str], *, list_them: bool = True
    ) -> Iterator[str]:
        listed = f"; one of: {', '.join(sorted(known, key=str.casefold))}" if list_them else ""
        for part in parts:
            if not part:
                yield f"{column}: is empty{listed}"
            elif part not in set(known):
                yield f"{column}: {part!r} is not known{listed}"
