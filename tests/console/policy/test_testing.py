from pathlib import Path

import pytest

from tests.console.conftest import Command
from tests.console.policy.conftest import change


def test_tells_of_each_case_which_rule_decides(command: Command) -> None:
    said = command("policy", "test", "heerde")
    assert said.code == 0
    assert (
        "ok    nee  Klacht nog niet ingediend\n"
        "             Hiervoor moet een klacht zijn ingediend. [needs-complaint; "
    ) in said.out
    assert "Wat kan: Leg eerst de klacht vast, en vraag daarna de beelden op." in said.out
    assert "Verplichtingen: decider no-copy" in said.out
    assert said.out.endswith("Heerde: 50 gevallen, 0 anders dan verwacht, 0 regels zonder geval\n")


def test_all_rule_sets_of_the_software(command: Command) -> None:
    said = command("policy", "test", "--quiet")
    assert said.code == 0
    assert len(said.out.splitlines()) == 14
    assert said.out.count(" 0 anders dan verwacht, 0 regels zonder geval\n") == 14


def test_rule_sets_of_ones_own(command: Command, own: Path) -> None:
    by_option = command("policy", "test", "--quiet", "--folder", own)
    by_setting = command("policy", "test", "--quiet", settings={"BODYCAM_RULE_SETS": str(own)})
    assert by_option == by_setting
    assert [line.partition(":")[0] for line in by_option.out.splitlines()] == ["Heerde", "Soest"]


def test_a_difference_fails(command: Command, own: Path) -> None:
    change(own / "heerde" / "rules.cedar", "daysAfterRecording > 21", "daysAfterRecording > 22")
    said = command("policy", "test", "--quiet", "--folder", own)
    assert said.code == 1
    assert "FOUT  ja   Verzoek komt op dag 22 binnen" in said.out
    assert "heerde/cases.csv, line " in said.out
    assert "verwacht   nee  asked-too-late" in said.out
    assert "de regels  ja  access-request-carried-out  decider  no-copy" in said.out
    assert "beslist niet: Het verzoek kwam later dan 21 dagen na de opname. [asked-too-late]" in said.out
    assert "Heerde: 50 gevallen, 1 anders dan verwacht, 1 regels zonder geval" in said.out
    assert "Soest: 53 gevallen, 0 anders dan verwacht, 0 regels zonder geval" in said.out


def test_a_table_that_expects_another_answer_fails(command: Command, own: Path) -> None:
    change(
        own / "heerde" / "cases.csv", ";ja;complaint-handler-asks;decider no-copy", ";nee;needs-complaint;"
    )
    said = command("policy", "test", "heerde", "--quiet", "--folder", own)
    assert said.code == 1
    assert "2 anders dan verwacht, 0 regels zonder geval" in said.out


def test_a_rule_that_decides_no_case_fails(command: Command, own: Path) -> None:
    path = own / "heerde" / "cases.csv"
    kept = [line for line in path.read_text("utf-8").splitlines() if "asked-too-late" not in line]
    path.write_text("\n".join(kept), "utf-8")
    said = command("policy", "test", "heerde", "--quiet", "--folder", own)
    assert said.code == 1
    assert "FOUT  geen geval voor de regel asked-too-late: Het verzoek kwam later" in said.out


def test_a_rule_set_without_cases_fails(command: Command, own: Path) -> None:
    (own / "soest" / "cases.csv").unlink()
    said = command("policy", "test", "--quiet", "--folder", own)
    assert said.code == 1
    assert "Soest: er is geen cases.csv" in said.out


@pytest.mark.parametrize(
    ("file", "text", "instead", "complaint"),
    [
        ("cases.csv", ";teamleider;;aangifte;2;", ";chef;;aangifte;2;", "cases.csv, line 2: rol: 'chef'"),
        ("rules.cedar", '@id("needs-complaint")', "", "@id is missing or empty"),
        ("terms.toml", "term_days = 28", "term_days = 0", "term_days: Input should be"),
    ],
)
def test_what_cannot_be_read_is_refused(
    command: Command, own: Path, file: str, text: str, instead: str, complaint: str
) -> None:
    change(own / "heerde" / file, text, instead)
    said = command("policy", "test", "--folder", own)
    assert said.code == 2
    assert complaint in said.err
    assert "Traceback" not in said.err


def test_a_municipality_that_is_not_there(command: Command) -> None:
    said = command("policy", "test", "atlantis")
    assert said.code == 2
    assert "atlantis" in said.err
