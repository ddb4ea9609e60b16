from pathlib import Path

import pytest

from console.policy.folders import OURS, folders, words
from vault.rulesets import RuleSetMissing


def test_all_in_order_when_none_is_named(own: Path) -> None:
    assert [folder.municipality for folder in folders(own, None)] == ["heerde", "soest"]
    assert [folder.municipality for folder in folders(own, ["soest"])] == ["soest"]
    assert "shared" not in {folder.municipality for folder in folders(None, [])}


@pytest.mark.parametrize("name", ["shared", "../heerde", "atlantis", ""])
def test_only_names_of_rule_sets(name: str) -> None:
    with pytest.raises(RuleSetMissing):
        list(folders(None, [name]))


def test_the_shared_rules_are_always_the_softwares(own: Path) -> None:
    [heerde] = folders(own, ["heerde"])
    assert "works-council" in heerde.rule_set().rules


def test_a_table_is_there_or_not(own: Path) -> None:
    [heerde] = folders(own, ["heerde"])
    assert (heerde.table("cases.csv") or "").startswith("situatie;")
    assert heerde.table("nothing.csv") is None
    heerde.write("new.csv", "a\n")
    assert heerde.table("new.csv") == "a\n"


def test_the_words_are_the_softwares() -> None:
    assert words().roles["handhaver"] == "officer"
    assert (OURS / "shared" / "words.csv").exists()
