from policies.problems import Problem, RuleSetInvalid


def test_a_problem_says_where() -> None:
    assert (
        str(Problem("x/rules.cedar", "needs-demand", "is odd")) == "x/rules.cedar, rule needs-demand: is odd"
    )
    assert str(Problem("x/terms.toml", None, "is odd")) == "x/terms.toml: is odd"


def test_the_error_lists_them_all() -> None:
    error = RuleSetInvalid([Problem("a", None, "b"), Problem("c", "d", "e")])
    assert str(error).splitlines()[1:] == ["- a: b", "- c, rule d: e"]
    assert len(error.problems) == 2
