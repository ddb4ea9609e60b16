"""A table of a file is read strictly: nothing that is spelled wrong, or of another kind, is passed over."""

import pytest

from policies.problems import RuleSetInvalid
from policies.tables import Day, Https, Identifier, Slug, Table, Text, read_table


class Sheet(Table):
    name: Text
    slug: Slug = "x"
    since: Day | None = None
    place: Https | None = None
    known_as: Identifier | None = None


def test_what_stands_there_is_read() -> None:
    text = 'name = " Naam "\nsince = 2026-11-27\nplace = "https://example.nl/"\nknown_as = "urn:x:7"'
    sheet = read_table(Sheet, text, "sheet.toml")
    assert (sheet.name, str(sheet.since), str(sheet.place)) == ("Naam", "2026-11-27", "https://example.nl/")
    assert sheet.known_as == "urn:x:7"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "name: Field required"),
        ('name = "x"\nnaam = "x"', "naam: Extra inputs are not permitted"),
        ("name = 7", "name: Input should be a valid string"),
        ('name = "x"\nslug = "Een Naam"', "slug: String should match"),
        ('name = "x"\nsince = 2026-11-27T00:00:00', "since: "),
        ('name = "x"\nplace = "http://example.nl/"', "must be an https address"),
        ('name = "x"\nknown_as = "7"', "known_as: String should match"),
        ("name = = 7", "is not TOML"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, complaint: str) -> None:
    with pytest.raises(RuleSetInvalid) as refused:
        read_table(Sheet, text, "sheet.toml")
    assert complaint in str(refused.value)
    assert {problem.file for problem in refused.value.problems} == {"sheet.toml"}


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(RuleSetInvalid) as refused:
        read_table(Sheet, 'slug = "X"\nname = ""', "sheet.toml")
    assert len(refused.value.problems) == 2
