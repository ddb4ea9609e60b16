"""What can be wrong with a rule set.

RuleSetInvalid   every problem of a municipality's rule set at once, each with its file and rule
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to repair, where a privacy officer can find it."""

    file: str
    rule: str | None
    text: str

    def __str__(self) -> str:
        place = self.file if self.rule is None else f"{self.file}, rule {self.rule}"
        return f"{place}: {self.text}"


class RuleSetInvalid(Exception):
    """This rule set is not used, because it has problems."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join([f"{self.__doc__}", *(f"- {problem}" for problem in self.problems)]))
