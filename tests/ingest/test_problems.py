"""Every problem of the docks' door is told in two languages, in words someone beside a dock can act on."""

import pytest

from ingest import problems
from vault.web.problem import Problem

ALL = [found for found in vars(problems).values() if isinstance(found, Problem)]
ALL += problems.ANNOUNCEMENT.values()


def test_ids_are_used_once() -> None:
    ids = [problem.id for problem in ALL]
    assert sorted(ids) == sorted(set(ids))
    assert all(problem.id == name for name, problem in problems.ANNOUNCEMENT.items())


@pytest.mark.parametrize("problem", ALL, ids=lambda problem: problem.id)
def test_a_problem_says_what_and_what_to_do_in_both_languages(problem: Problem) -> None:
    assert 400 <= problem.status <= 599
    for text in (problem.title, problem.detail):
        assert text.nl
        assert text.en
        assert text.nl != text.en
    assert problem.detail.nl.endswith(".")
    assert problem.detail.en.endswith(".")


@pytest.mark.parametrize("problem", ALL, ids=lambda problem: problem.id)
def test_whoever_might_wipe_a_camera_is_told_in_both_languages_or_in_none(problem: Problem) -> None:
    assert (problems.SAFE_NL in problem.detail.nl) == (problems.SAFE_EN in problem.detail.en)


@pytest.mark.parametrize(
    "problem",
    [problems.TOKEN_REFUSED, problems.GONE, problems.STORE_AWAY, problems.STORE_FULL],
    ids=lambda problem: problem.id,
)
def test_what_ends_an_upload_says_that_the_footage_is_safe(problem: Problem) -> None:
    assert problems.SAFE_EN in problem.detail.en
