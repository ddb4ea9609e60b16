"""Sheets read back as a spreadsheet would; what could be taken for a formula is a text."""

import csv

from console.evidence.sheets import rights_sheet, sheets
from vault.evidence.making import Evidence
from vault.evidence.reviewing import Right


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines(), delimiter=";"))


def test_each_table_is_a_sheet(made: Evidence) -> None:
    found = sheets(made)
    assert set(found) == {"requirements.csv", "access.csv", "counts.csv", "denials.csv", "signals.csv"}
    access = rows(found["access.csv"])
    assert access[0]["titleEn"] == "Handling an incident"
    assert (access[0]["asked"], access[0]["rangesWatched"], access[-1]["purpose"]) == ("4", "5", "")
    assert len(rows(found["counts.csv"])) == len(made.told.figures.counts)
    assert {row["rule"]: row["number"] for row in rows(found["denials.csv"])}["works-council"] == "1"
    requirement = rows(found["requirements.csv"])[0]
    assert requirement["id"] == "purpose-limitation"
    assert requirement["asksNl"].startswith("Elke toegang")
    assert "tests/policies/test_statement.py::test_cedar_agrees" in requirement["tests"].split()


def test_a_name_is_no_formula() -> None:
    evil = Right('=HYPERLINK("x")', "x", "officer", "", False)
    [row] = rows(rights_sheet([evil]))
    assert row == {
        "name": '\'=HYPERLINK("x")',
        "subject": "x",
        "role": "officer",
        "team": "",
        "active": "false",
    }
