from pathlib import Path

import pytest

from console.policy.folders import OURS, folders, words
from policies.problems import RuleSetInvalid
from vault.rulesets import RuleSetMissing


def test_all_in_order_when_none_is_named(own: Path) -> None:
    assert [folder.municipality for folder in folders(own, None)] == ["heerde", "soest"]
    assert [folder.municipality for folder in folders(own, ["soest"])] == ["soest"]
    assert "shared" not in {folder.municipality for folder in folders(None, [])}


@pytest.mark.parametrize("name", ["shared", "../heerde", "atlantis", ""])
def test_only_names_of_rule_sets(name: str) -> None:
    with pytest.raises(RuleSetMissing):
        list(folders(None, [name]))


def test_one_without_terms_is_wrong_and_not_passed_over(own: Path) -> None:
    (own / "soest" / "terms.toml").unlink()
    [_, soest] = folders(own, None)
    with pytest.raises(RuleSetInvalid, match=r"soest/terms\.toml: is missing"):
        soest.rule_set()


def test_none_at_all_is_no_success(own: Path) -> None:
    """Such as the folder of one municipality, where that with all of them is meant."""
    with pytest.raises(RuleSetMissing, match="soest"):
        list(folders(own / "soest", None))


@pytest.mark.parametrize("name", ["rules.cedar", "terms.toml", "cases.csv"])
def test_a_file_that_is_not_utf8_is_named(own: Path, name: str) -> None:
    path = own / "soest" / name
    path.write_bytes(path.read_bytes() + b"\xe9")
    [soest] = folders(own, ["soest"])
    with pytest.raises(RuleSetInvalid, match=rf"soest/{name}, line \d+: is not UTF-8"):
        (soest.table(name), soest.rule_set())


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
