from collections.abc import Sequence

import pytest

from policies.cases import COLUMNS, CasesInvalid, parse_cases, silent_rules, try_cases
from policies.facts import Action, Recording
from tests.policies.world import rule_set, words

HEERDE = rule_set("heerde")
HEADER = ";".join(COLUMNS)
GOOD = [
    "Klacht", "vragen", "klachtbehandelaar", "", "klacht", "5", "zaaknummer+klacht", "", "", "ja",
    "complaint-handler-asks", "decider no-copy",
]  # fmt: skip


def text(*lines: Sequence[str]) -> str:
    return "\n".join([HEADER, *(";".join(line) for line in lines)]) + "\n"


def changed(column: str, value: str) -> list[str]:
    return [value if name == column else cell for name, cell in zip(COLUMNS, GOOD, strict=True)]


def complaints(written: str) -> str:
    with pytest.raises(CasesInvalid) as refused:
        parse_cases(written, words(), HEERDE, "heerde/cases.csv")
    return str(refused.value)


def test_reads_a_case() -> None:
    line = changed("relatie", "maker+in beeld")
    line = [*line[:6], "zaaknummer + klacht+wpg", "4", "om", *line[9:]]
    [case] = parse_cases(text(line), words(), HEERDE, "heerde/cases.csv")
    situation, request = case.situation, case.situation.request
    assert (case.place, case.title) == ("heerde/cases.csv, line 2", "Klacht")
    assert situation.action is Action.ASK
    assert situation.person.roles == {"complaint-handler"}
    assert isinstance(situation.resource, Recording)
    assert situation.resource.maker == situation.person.id
    assert situation.person.id in situation.resource.depicted
    assert situation.resource.regime == "wpg"
    assert request is not None
    assert (request.complaint_filed, request.has_case_reference, request.demand_received) == (
        True,
        True,
        False,
    )
    assert (request.other_viewers, request.recipient, request.purpose) == (4, "om", "klacht")
    assert case.expected.rules == ("complaint-handler-asks",)
    assert case.expected.obligations == {"decider", "no-copy"}


def test_tries_a_case() -> None:
    [right] = try_cases(HEERDE, parse_cases(text(GOOD), words(), HEERDE))
    assert right.agrees
    assert right.answer.rules == ("complaint-handler-asks",)


def test_the_order_of_the_rules_does_not_matter() -> None:
    both = changed("regels", "needs-complaint needs-case-reference")
    other = changed("regels", "needs-case-reference needs-complaint")
    for line in (both, other):
        line = [*line[:6], "", "", "", "nee", line[10], ""]
        [outcome] = try_cases(HEERDE, parse_cases(text(line), words(), HEERDE))
        assert outcome.agrees


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("antwoord", "nee"),
        ("regels", "complaint-handler-asks needs-complaint"),
        ("regels", "needs-complaint"),
        ("verplichtingen", "decider"),
        ("verplichtingen", ""),
        ("voorwaarden", "zaaknummer"),
        ("relatie", "maker"),
        ("rol", "handhaver"),
        ("dag", "28"),
        ("ontvanger", "om"),
        ("handeling", "beslissen"),
        ("doel", "aangifte"),
    ],
)
def test_what_differs_does_not_agree(column: str, value: str) -> None:
    [wrong] = try_cases(HEERDE, parse_cases(text(changed(column, value)), words(), HEERDE))
    assert not wrong.agrees


def test_rules_that_decide_no_case() -> None:
    outcomes = try_cases(HEERDE, parse_cases(text(GOOD), words(), HEERDE))
    silent = silent_rules(HEERDE, outcomes)
    assert "needs-complaint" in silent
    assert "complaint-handler-asks" not in silent
    assert "works-council" not in silent  # not the municipality's to try


@pytest.mark.parametrize(
    ("column", "value", "complaint"),
    [
        ("situatie", "", "line 2: situatie: is empty"),
        ("handeling", "", "handeling: is empty; one of: bekijken, beslissen, vragen, zoeken"),
        ("handeling", "kijken", "handeling: 'kijken' is not known; one of: bekijken"),
        ("rol", "chef", "rol: 'chef' is not known; one of: auditor, beheerder"),
        ("rol", "", "rol: is empty"),
        ("rol", "handhaver+", "rol: is empty"),
        ("relatie", "buurman", "relatie: 'buurman' is not known"),
        ("doel", "nieuwsgierigheid", "doel: 'nieuwsgierigheid' is not known; one of: aangifte"),
        ("dag", "", "dag: '' is not a number"),
        ("dag", "-1", "dag: '-1' is not a number"),
        ("dag", "10000", "dag: '10000' is not a number"),
        ("dag", "²", "is not a number"),
        ("voorwaarden", "haast", "voorwaarden: 'haast' is not known; one of: aangifte"),
        ("kijkers", "veel", "kijkers: 'veel' is not a number"),
        ("antwoord", "misschien", "antwoord: 'misschien' is not known; one of: ja, nee"),
        ("regels", "", "regels: is empty"),
        ("regels", "needs-nothing", "regels: 'needs-nothing' is not known"),
        ("verplichtingen", "whisper", "verplichtingen: 'whisper' is not known; one of: decider"),
    ],
)
def test_says_what_is_wrong(column: str, value: str, complaint: str) -> None:
    told = complaints(text(changed(column, value)))
    assert complaint in told
    assert "heerde/cases.csv, line 2: " in told


def test_says_all_that_is_wrong() -> None:
    told = complaints(text(changed("rol", "chef"), GOOD, changed("dag", "x")))
    assert "line 2: rol" in told
    assert "line 4: dag" in told


def test_a_line_of_another_length() -> None:
    assert "line 2: has 11 cells, not 12" in complaints(text(GOOD[:-1]))
    assert "line 2: has 13 cells, not 12" in complaints(text([*GOOD, ""]))


def test_the_same_situation_twice() -> None:
    assert "line 3: situatie: another line has the same" in complaints(text(GOOD, GOOD))


@pytest.mark.parametrize("written", ["", "situatie;handeling\n", HEADER.replace("dag", "dagen")])
def test_the_columns_are_named(written: str) -> None:
    assert "line 1: the columns are situatie;handeling;rol" in complaints(written)


def test_a_quote_that_does_not_end() -> None:
    assert "heerde/cases.csv, after line 1: is not a table" in complaints(text(['"Klacht', *GOOD[1:]]))
