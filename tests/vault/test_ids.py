"""Ids sort by when they were made, and no two are the same."""

from vault.ids import new_id


def test_they_are_version_seven_and_in_order() -> None:
    made = [new_id() for _ in range(1000)]
    assert {found.version for found in made} == {7}
    assert len(set(made)) == 1000
    milliseconds = [found.int >> 80 for found in made]
    assert milliseconds == sorted(milliseconds)
