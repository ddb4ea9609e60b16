"""Evidence names controls, tests and figures: each that is named there exists, or an auditor is misled."""

import ast
from collections.abc import Iterator
from functools import cache

import pytest

from vault.evidence.figures import Figures, Text
from vault.evidence.requirements import Met, Requirement, requirements

from .source import ROOT

STORY = """
vault/evidence/requirements.toml is what an auditor reads: a control or a test that is not there any more is a
claim without proof. Name the file or the test that took its place, or say in `lacks` what is not done now.
"""


def wrong_with(requirement: Requirement) -> Iterator[str]:
    """What a requirement names that is not there."""
    for path in requirement.where:
        if not (ROOT / path).is_file():
            yield f"{requirement.id} names the control {path}"
    for test in requirement.tests:
        path, _, name = test.partition("::")
        if name not in _tests_of(path):
            yield f"{requirement.id} names the test {test}"
    known = {field.alias for field in Figures.model_fields.values()}
    for figure in requirement.figures:
        if figure not in known:
            yield f"{requirement.id} names the figures {figure}"
    if (requirement.met is not Met.MET) and not requirement.lacks:
        yield f"{requirement.id} is not met, and does not say in what"


@cache
def _tests_of(path: str) -> frozenset[str]:
    """The tests in a file; none when it is not there."""
    if not path.startswith("tests/") or not (ROOT / path).is_file():
        return frozenset()
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    named = (node.name for node in tree.body if isinstance(node, ast.FunctionDef))
    return frozenset(name for name in named if name.startswith("test_"))


def test_what_evidence_names_is_there() -> None:
    found = [what for each in requirements() for what in wrong_with(each)]
    assert not found, "\n".join([*found, STORY])
    ids = [each.id for each in requirements()]
    assert len(ids) == len(set(ids))
    assert len(ids) > 20


def test_every_figure_is_evidence_of_something() -> None:
    told = {figure for each in requirements() for figure in each.figures}
    assert told == {field.alias for field in Figures.model_fields.values()}


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"where": ["vault/nothing.py"]}, "names the control vault/nothing.py"),
        ({"tests": ["tests/house/test_requirements.py::test_nothing"]}, "::test_nothing"),
        ({"tests": ["tests/nothing.py::test_a"]}, "names the test tests/nothing.py"),
        ({"tests": ["tests/house/test_requirements.py::wrong_with"]}, "::wrong_with"),
        ({"figures": ["nothing"]}, "names the figures nothing"),
        ({"met": Met.PARTLY}, "does not say in what"),
    ],
)
def test_a_claim_without_proof_is_seen(changed: dict[str, object], complaint: str) -> None:
    text = Text(nl="Iets.", en="Something.")
    whole = Requirement(
        id="some",
        asks=text,
        source="-",
        met=Met.MET,
        control=text,
        where=["vault/audit.py"],
        tests=["tests/house/test_requirements.py::test_every_figure_is_evidence_of_something"],
        figures=["counts"],
    )
    assert not list(wrong_with(whole))
    [found] = wrong_with(whole.model_copy(update=changed))
    assert complaint in found
