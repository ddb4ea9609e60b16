import random
from collections.abc import Iterator

import pytest

from policies.cases import answer
from policies.engine import RuleSet
from policies.facts import Action
from policies.glossary import word_for
from policies.matrix import COLUMNS, matrix
from policies.scenes import CONDITIONS, HELD, Relation, Scene
from tests.policies.world import FOLDER, MUNICIPALITIES, roles, rule_set, texts, words

MOST_LINES = 3000
SITUATIONS = 400
RELATIONS = (
    Relation.MAKER,
    Relation.DEPICTED,
    Relation.OTHER_TEAM,
    Relation.NO_TEAM,
    Relation.OTHER_MUNICIPALITY,
    Relation.OWN_REQUEST,
)
Line = dict[str, str]
HEERDE = rule_set("heerde")


@pytest.mark.parametrize("municipality", MUNICIPALITIES)
def test_the_file_is_what_the_rules_say(municipality: str) -> None:
    """`bodycam-vault policy matrix` writes it anew."""
    written = (FOLDER / municipality / "matrix.csv").read_text(encoding="utf-8")
    assert matrix(rule_set(municipality), words(), roles()).splitlines() == written.splitlines()
    assert written.count("\n") < MOST_LINES


@pytest.mark.parametrize("municipality", MUNICIPALITIES)
def test_every_situation_is_in_one_line_with_its_answer(municipality: str) -> None:
    """Also one with facts that the matrix left out because no rule looks at them."""
    rules = rule_set(municipality)
    tables = read(municipality)
    for scene in scenes(rules, random.Random(municipality)):
        told = answer(rules.decide(scene.situation(rules.terms)))
        lines = tables[word_for(words().actions, scene.action), scene.purpose]
        [line] = [line for line in lines if fits(scene, line, lines)]
        assert line["antwoord"] == ("ja" if told.permitted else "nee"), (scene, line)
        if scene.purpose in rules.terms.purposes:
            assert line["regels"] == " ".join(told.rules), (scene, line)
            assert line["verplichtingen"] == " ".join(sorted(told.obligations)), (scene, line)


def scenes(rules: RuleSet, chance: random.Random) -> Iterator[Scene]:
    terms = rules.terms
    longest = max(terms.term_days, terms.wpg_term_days or 0)
    days = [
        0,
        20,
        21,
        22,
        23,
        24,
        25,
        terms.term_days - 1,
        terms.term_days,
        longest - 1,
        longest,
        longest + 9,
    ]
    relations = [relation for relation in RELATIONS if terms.shares_with or relation != "other-municipality"]
    for _ in range(SITUATIONS):
        action = chance.choice([Action.ASK, Action.ASK, Action.DECIDE])
        known = [relation for relation in relations if action is Action.DECIDE or relation != "own-request"]
        offered = chance.random() < 0.9
        purpose = chance.choice(sorted(terms.purposes if offered else rules.purposes))
        said = [None, *terms.recipients, "iemand anders"] if action is Action.ASK else [None]
        yield Scene(
            action,
            frozenset({chance.choice(sorted(roles()))}),
            frozenset(chance.sample(known, chance.choice([0, 1]))),
            purpose,
            chance.choice(days),
            frozenset(each for each in sorted(CONDITIONS - {HELD}) if chance.random() < 0.7),
            chance.choice([0, 4, 5, 9]),
            chance.choice(said),
        )


def read(municipality: str) -> dict[tuple[str, str], list[Line]]:
    """The lines of the matrix by action and purpose."""
    text = (FOLDER / municipality / "matrix.csv").read_text(encoding="utf-8")
    found: dict[tuple[str, str], list[Line]] = {}
    for written in text.splitlines()[1:]:
        line = dict(zip(COLUMNS, written.split(";"), strict=True))
        for purpose in line["doel"].split("|"):
            found.setdefault((line["handeling"], purpose), []).append(line)
    return found


def fits(scene: Scene, line: Line, alike: list[Line]) -> bool:
    known = words()
    [role] = scene.roles
    relation = next(iter(word_for(known.relations, each) for each in scene.relations), "geen")
    return (
        between(scene.day, line["dag"])
        and between(scene.viewers, line["kijkers"])
        and all(so(scene, part) for part in line["voorwaarden"].split("+"))
        and within(word_for(known.roles, role), line, alike, "rol", "anders")
        and within(relation, line, alike, "relatie", "geen")
        and within(scene.recipient or "geen", line, alike, "ontvanger", "geen")
    )


def within(value: str, line: Line, alike: list[Line], column: str, otherwise: str) -> bool:
    """Whether the cell holds this value, or the one that stands for all that are named nowhere."""
    named = {each for other in alike for each in other[column].split("|")}
    return line[column] == "*" or (value if value in named else otherwise) in line[column].split("|")


def between(number: int, cell: str) -> bool:
    if cell == "*":
        return True
    for stretch in cell.split("|"):
        first, _, last = stretch.partition("-")
        if int(first) <= number <= int(last or (first if "-" not in stretch else 10**6)):
            return True
    return False


def so(scene: Scene, part: str) -> bool:
    said = words().conditions.get(part.removeprefix("niet "), "")
    return part == "*" or (said in scene.conditions) is not part.startswith("niet ")


def test_a_change_of_a_rule_shows() -> None:
    own = texts("heerde")
    looser = own["rules.cedar"].replace("daysAfterRecording > 21", "daysAfterRecording > 22")
    changed = RuleSet.parse("heerde", own | {"rules.cedar": looser}, texts("shared"))
    before = matrix(HEERDE, words(), roles()).splitlines()
    after = matrix(changed, words(), roles()).splitlines()
    gone = [line for line in before if line not in after]
    assert gone
    assert all(";inzageverzoek;" in line for line in gone)
    assert any(line.startswith("vragen;inzageverzoek;beheerder;*;0-21;") for line in gone)
    assert any(line.startswith("vragen;inzageverzoek;beheerder;*;0-22;") for line in after)


def test_a_change_of_a_term_shows() -> None:
    own = texts("heerde")
    longer = own["terms.toml"].replace("term_days = 28", "term_days = 35")
    changed = RuleSet.parse("heerde", own | {"terms.toml": longer}, texts("shared"))
    assert ";0-34;" in matrix(changed, words(), roles())


def test_stretches_that_do_not_touch_stay_apart() -> None:
    own = texts("heerde")
    closed = """
    @id("closed") @title_nl("Dicht.") @title_en("Closed.") @basis("x")
    forbid (principal, action == Action::"ask", resource)
    when { context.request.daysAfterRecording >= 7 && context.request.daysAfterRecording <= 9 };
    """
    changed = RuleSet.parse("heerde", own | {"closed.cedar": closed}, texts("shared"))
    lines = matrix(changed, words(), roles()).splitlines()
    learns = [line for line in lines if line.startswith("vragen;zelfevaluatie;handhaver;")]
    assert [line.split(";")[4] for line in learns] == ["0-6|10-27"]


def test_more_that_is_forbidden_of_finding_and_watching_shows() -> None:
    own = texts("heerde")
    more = """
    @id("watched-in-a-week") @title_nl("Te laat.") @title_en("Too late.") @basis("x")
    forbid (principal, action == Action::"watch", resource)
    when { context.now.durationSince(resource.recordedAt) > duration("168h") };

    @id("found-by-others-only") @title_nl("Niet zelf.") @title_en("Not oneself.") @basis("x")
    forbid (principal in Role::"complaint-handler", action == Action::"find", resource);
    """
    changed = RuleSet.parse("heerde", own | {"more.cedar": more}, texts("shared"))
    lines = matrix(changed, words(), roles()).splitlines()
    watches = [line for line in lines if line.startswith("bekijken;klacht;")]
    assert watches[0] == "bekijken;klacht;*;*;0-7;*;*;*;ja;watch-under-grant;"
    assert watches[1] == "bekijken;klacht;*;*;8-27;*;*;*;nee;watched-in-a-week;"
    finds = [line for line in lines if line.startswith("zoeken;klacht;") and ";ja;" in line]
    assert "teamleider" in finds[0]
    assert all("klachtbehandelaar" not in line for line in finds)
    assert "handhaver;maker|in beeld" in "\n".join(finds)
    assert not any(
        line.startswith(("bekijken", "zoeken")) for line in matrix(HEERDE, words(), roles()).splitlines()
    )
