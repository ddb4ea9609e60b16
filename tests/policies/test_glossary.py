import pytest

from policies.facts import Action
from policies.glossary import GlossaryInvalid, parse_glossary, rows, word_for
from policies.scenes import CONDITIONS, Relation
from tests.policies.world import FOLDER, roles, words

GOOD = "soort;woord;betekent;uitleg\nhandeling;vragen;ask;\nrol;boa;officer;\n"


def test_every_meaning_has_a_word() -> None:
    known = words()
    assert set(known.roles.values()) == roles()
    assert set(known.relations.values()) == set(Relation)
    assert set(known.conditions.values()) == CONDITIONS
    assert set(known.actions.values()) == {Action.ASK, Action.DECIDE, Action.FIND, Action.WATCH}
    assert set(known.answers.values()) == {"yes", "no"}


def test_a_word_and_its_meaning_lead_to_each_other() -> None:
    known = parse_glossary("words.csv", GOOD)
    assert known.roles == {"boa": "officer"}
    assert word_for(known.roles, "officer") == "boa"
    assert word_for(known.roles, "auditor") == "auditor"


def test_several_words_can_mean_the_same() -> None:
    known = parse_glossary("words.csv", f"{GOOD}rol;handhaver;officer;\n")
    assert known.roles == {"boa": "officer", "handhaver": "officer"}
    assert word_for(known.roles, "officer") == "boa"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("groet;hallo;hello;", "line 4: is not one of handeling, rol, relatie, voorwaarde, antwoord"),
        ("rol;chef;supervisor", "line 4: is not one of"),
        ("rol;boa;auditor;", "line 4: rol 'boa' is there already"),
        ("relatie;buurman;neighbour;", "line 4: 'neighbour' is not one of depicted"),
        ("voorwaarde;haast;in_a_hurry;", "line 4: 'in_a_hurry' is not one of"),
        ("antwoord;misschien;perhaps;", "line 4: 'perhaps' is not one of no, yes"),
    ],
)
def test_says_what_is_wrong(line: str, complaint: str) -> None:
    with pytest.raises(GlossaryInvalid, match=complaint):
        parse_glossary("words.csv", f"{GOOD}{line}\n")


def test_the_columns_are_named() -> None:
    with pytest.raises(GlossaryInvalid, match="line 1: the columns are soort;woord;betekent;uitleg"):
        parse_glossary("words.csv", GOOD.removeprefix("soort;"))


def test_a_spreadsheet_may_have_written_it() -> None:
    written = '\ufeffa;b\r\n\r\n ;\r\n1 ;"x;y"\r\n'
    assert list(rows(written)) == [(1, ["a", "b"]), (4, ["1", "x;y"])]


def test_the_words_stand_beside_the_shared_rules() -> None:
    assert (FOLDER / "shared" / "words.csv").exists()
