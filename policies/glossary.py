"""The words in which tables of cases are written (shared/words.csv): which word means which role, relation,
condition, action or answer. Data, so that a table reads in the municipalities' own language."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policies.facts import Action
from policies.problems import Problem, RuleSetInvalid
from policies.scenes import CONDITIONS, Relation

YES, NO = "yes", "no"
_COLUMNS = ["soort", "woord", "betekent", "uitleg"]
_KINDS = {
    "handeling": frozenset(Action),
    "rol": None,
    "relatie": frozenset(Relation),
    "voorwaarde": CONDITIONS,
    "antwoord": frozenset({YES, NO}),
}
"""Each kind of word, and what such words can mean; roles are the schema's."""


class GlossaryInvalid(RuleSetInvalid):
    """The list of words for tables of cases has problems."""


@dataclass(frozen=True, slots=True)
class Glossary:
    """Meaning by word, for each kind. Several words can mean the same; the first is the one we write."""

    actions: Mapping[str, str]
    roles: Mapping[str, str]
    relations: Mapping[str, str]
    conditions: Mapping[str, str]
    answers: Mapping[str, str]


def parse_glossary(file: str, text: str) -> Glossary:
    """The words in this text. Raises GlossaryInvalid, which lists every problem."""
    found: dict[str, dict[str, str]] = {kind: {} for kind in _KINDS}
    problems: list[Problem] = []
    for line, row in rows(text):
        place = f"{file}, line {line}"
        if line == 1 and row != _COLUMNS:
            problems.append(Problem(place, None, f"the columns are {';'.join(_COLUMNS)}"))
        elif line > 1 and (len(row) != len(_COLUMNS) or row[0] not in _KINDS):
            problems.append(Problem(place, None, f"is not one of {', '.join(_KINDS)}, a word, and a meaning"))
        elif line > 1:
            kind, word, meaning, _ = row
            known = _KINDS[kind]
            if word in found[kind]:
                problems.append(Problem(place, None, f"{kind} {word!r} is there already"))
            elif known is not None and meaning not in known:
                problems.append(Problem(place, None, f"{meaning!r} is not one of {', '.join(sorted(known))}"))
            found[kind][word] = meaning
    if problems:
        raise GlossaryInvalid(problems)
    return Glossary(*found.values())


def word_for(words: Mapping[str, str], meaning: str) -> str:
    """The first word that means this; itself when there is none."""
    return next((word for word, meant in words.items() if meant == meaning), meaning)


def rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The lines of a table with their numbers, as spreadsheets write it: semicolons, perhaps a byte order
    mark, perhaps empty lines."""
    reader = csv.reader(text.removeprefix("\ufeff").splitlines(keepends=True), delimiter=";", strict=True)
    for row in reader:
        cells = [cell.strip() for cell in row]
        if any(cells):
            yield reader.line_num, cells
