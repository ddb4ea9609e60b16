"""`policy what-if`: a table that a person reads, and lines that a program reads."""

import json
from pathlib import Path

import pytest

from console.demo import town
from console.policy import foreseeing
from policies.retention import days_later
from tests.console.conftest import Command
from tests.installation import Installation
from tests.ruling import NO_SUPERVISOR, SHORTER, texts
from tests.watching import entries, footage, granted, keep, row_of
from vault.audit import Event
from vault.disposal.timetable import day_of
from vault.replays import Fate, Verdict


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / town.SLUG
    made.mkdir()
    for name, text in texts(NO_SUPERVISOR, SHORTER).items():
        (made / name).write_text(text)
    return made


def test_a_table_for_people(small: Installation, command: Command, folder: Path) -> None:
    recording = keep(small, footage(1000))
    grant = granted(small, recording)
    settings = small.environment("vault")
    dutch = command("policy", "what-if", folder, settings=settings)
    assert dutch.code == 0, dutch.err
    assert "Besluiten die anders zouden uitvallen: 1 van 2 bekeken" in dutch.out
    assert "wacht op beslisser → geweigerd" in dutch.out
    assert "Geen regel staat dit toe. [no-rule-permits;" in dutch.out
    assert "1 eerder, 0 later; 0 meteen bij het ingaan" in dutch.out
    assert str(recording) in dutch.out
    due = row_of(small, recording).dispose_after
    assert due
    would = day_of(days_later(row_of(small, recording).recorded_at, 14))
    days = [line.strip() for line in dutch.out.splitlines() if " → " in line and "-2026  " in line]
    assert f"{would:%d-%m-%Y}  0 → 1  {'█' * 30}" in days
    assert f"{day_of(due):%d-%m-%Y}  1 → 0" in days
    assert not any("0 → 0" in day for day in days)
    assert "0 worden vastgehouden en blijven" in dutch.out
    english = command("policy", "what-if", folder, "--language", "en", settings=settings)
    assert "waits for a decider → refused" in english.out
    [line] = [line for line in english.out.splitlines() if str(grant) in line]
    assert line.endswith("stays until its end; its request would be refused now")
    assert "Nothing changes until somebody proposes" in english.out
    assert len(entries(small, Event.RULES_EXAMINED)) == 2
    small.vault.rule_sets.look_again()
    assert small.vault.rule_sets.of(town.SLUG).terms.term_days == 28


def test_lines_for_programs(small: Installation, command: Command, folder: Path) -> None:
    grant = granted(small, keep(small, footage(1000)))
    said = command("policy", "what-if", folder, "--json", settings=small.environment("vault"))
    lines = [json.loads(line) for line in said.out.splitlines()]
    parts = ["decisions", "recordings", "grants", "days", "days", "sums"]
    assert [line["part"] for line in lines] == parts
    flip, move, ending, gains, loses, sums = lines
    assert (flip["before"], flip["after"], flip["rules"]) == ("waiting", "refused", ["no-rule-permits"])
    assert flip["demandedBefore"] == ["decider", "no-copy"]
    assert move["after"] < move["before"]
    assert (ending["grant"], ending["fate"]) == (str(grant), "stays-though-refused")
    assert sums["decisions"] == {"looked": 2, "changed": 1, "unreadable": 0}
    assert [(day["before"], day["after"]) for day in (gains, loses)] == [(0, 1), (1, 0)]
    assert sums["recordings"] == {
        "looked": 1,
        "changed": 1,
        "unreadable": 0,
        "earlier": 1,
        "later": 0,
        "dueAtOnce": 0,
        "lockedLonger": 0,
        "held": 0,
    }
    assert sums["inForce"] == small.vault.rule_sets.of(town.SLUG).digest


def test_a_long_list_is_cut_and_says_so(
    small: Installation, command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreseeing, "MOST_SHOWN", 1)
    for seed in range(3):
        keep(small, footage(1000, seed=seed))
    said = command("policy", "what-if", folder, settings=small.environment("vault"))
    assert "Beelden waarvan de bewaartermijn verschuift: 3 van 3 bekeken" in said.out
    assert "… en nog 2; met --json staan ze er allemaal" in said.out
    assert "3 eerder" in said.out


def test_what_is_wrong_is_told(small: Installation, command: Command, folder: Path) -> None:
    (folder / "terms.toml").write_text("term_days = 0")
    said = command("policy", "what-if", folder, settings=small.environment("vault"))
    assert (said.code, "term_days" in said.err) == (2, True)


def test_both_languages_say_all() -> None:
    dutch, english = foreseeing.WORDS["nl"], foreseeing.WORDS["en"]
    assert dutch.keys() == english.keys()
    assert {*Verdict, *Fate} <= dutch.keys()
