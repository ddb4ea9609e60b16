"""The rule sets of an installation: all valid or nothing starts, and never without the shared rules."""

import shutil
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from policies.problems import RuleSetInvalid
from vault.rulesets import RuleSetMissing, load_rule_sets


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with as_file(files("policies") / "rulesets") as ours:
        shutil.copytree(ours, tmp_path / "rulesets")
    return tmp_path / "rulesets"


def test_the_ones_that_come_with_the_software() -> None:
    found = load_rule_sets()
    assert {one.municipality for one in found} >= {"noordwijk", "den-helder", "voorbeeldstad"}
    assert found.of("noordwijk").terms.term_days == 14
    with pytest.raises(RuleSetMissing):
        found.of("shared")
    with pytest.raises(RuleSetMissing):
        found.of("../noordwijk")


def test_a_folder_of_ones_own(folder: Path) -> None:
    shutil.rmtree(folder / "den-helder")
    found = load_rule_sets(folder)
    ours = {one.municipality for one in load_rule_sets()}
    assert {one.municipality for one in found} == ours - {"den-helder"}
    assert found.of("noordwijk").digest == load_rule_sets().of("noordwijk").digest


def test_the_shared_rules_cannot_be_swapped(folder: Path) -> None:
    (folder / "shared" / "shared.cedar").write_text("")
    rules = load_rule_sets(folder).of("noordwijk").rules
    assert "works-council" in rules
    shutil.rmtree(folder / "shared")
    assert "works-council" in load_rule_sets(folder).of("noordwijk").rules


def test_one_that_is_wrong_stops_all(folder: Path) -> None:
    with (folder / "noordwijk" / "rules.cedar").open("a") as rules:
        rules.write("permit (principal, action, resource);")
    with pytest.raises(RuleSetInvalid, match="noordwijk"):
        load_rule_sets(folder)


def test_every_byte_counts(folder: Path) -> None:
    before = load_rule_sets(folder).of("noordwijk").digest
    rules = folder / "noordwijk" / "rules.cedar"
    rules.write_bytes(rules.read_bytes().replace(b"\n", b"\r\n", 1))
    assert load_rule_sets(folder).of("noordwijk").digest != before
