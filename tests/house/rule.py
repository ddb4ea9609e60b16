"""A rule of the house: what it looks at, what it complains of, and samples that prove that it can."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pytest

from .source import Source, parse

Complaints = Iterator[tuple[int, str]]
"""Line and what is wrong there."""


@dataclass(frozen=True)
class Rule:
    """One rule. `wrong` and `right` are samples, path and text: each wrong one must draw a complaint."""

    name: str
    story: str
    """Why the rule exists, and where the code should go instead."""
    complain: Callable[[Source], Complaints]
    wrong: tuple[tuple[str, str], ...]
    right: tuple[tuple[str, str], ...] = ()

    def found_in(self, sources: Iterable[Source]) -> list[str]:
        """The complaints about `sources`, each as ``path:line: what``."""
        return [
            f"{source.path}:{line}: {what}"
            for source in sources
            for line, what in sorted(self.complain(source))
        ]


def hold(rule: Rule, sources: Iterable[Source]) -> None:
    """Fail with the rule's story when `sources` break it."""
    if found := rule.found_in(sources):
        pytest.fail("\n".join([rule.name, "", *found, "", inspect.cleandoc(rule.story)]), pytrace=False)


def prove(rule: Rule) -> None:
    """Fail when the rule lets a wrong sample pass, or complains about a right one."""
    for path, text in rule.wrong:
        assert rule.found_in([parse(path, text)]), f"{rule.name}: sees nothing wrong with {path}\n{text}"
    for path, text in rule.right:
        assert not rule.found_in([parse(path, text)]), f"{rule.name}: complains about {path}\n{text}"


def name_of(rule: Rule) -> str:
    """How the rule is called in the list of tests."""
    return rule.name.replace(" ", "-")
