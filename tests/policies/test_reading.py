import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.engine import RuleSet
from policies.problems import RuleSetInvalid
from policies.reading import as_text, digest
from tests.policies.world import FOLDER, MUNICIPALITIES, rule_set, texts

OWN, SHARED = texts("noordwijk"), texts("shared")
ANOTHER = """
@id("term-is-over") @title_nl("Nooit.") @title_en("Never.") @basis("x")
forbid (principal, action, resource) when { false };
"""


def complaints(own: dict[str, str], shared: dict[str, str], name: str = "noordwijk") -> str:
    with pytest.raises(RuleSetInvalid) as refused:
        RuleSet.parse(name, own, shared)
    return str(refused.value)


def without(files: dict[str, str], name: str) -> dict[str, str]:
    return {key: text for key, text in files.items() if key != name}


def test_a_rule_of_shared_cannot_be_redefined() -> None:
    own = OWN | {"more.cedar": ANOTHER}
    assert "noordwijk/more.cedar, rule term-is-over: is already a rule of shared/" in complaints(own, SHARED)


def test_ids_are_unique_across_files() -> None:
    own = OWN | {"a.cedar": ANOTHER.replace("term-is-over", "needs-demand")}
    assert "rule needs-demand: is already a rule of noordwijk/a.cedar" in complaints(own, SHARED)


def test_missing_files() -> None:
    assert "noordwijk/terms.toml: is missing" in complaints(without(OWN, "terms.toml"), SHARED)
    assert "noordwijk/: has no rules" in complaints(without(OWN, "rules.cedar"), SHARED)
    assert "shared/: has no rules" in complaints(OWN, without(SHARED, "shared.cedar"))
    assert "shared/schema.cedarschema: is missing" in complaints(OWN, without(SHARED, "schema.cedarschema"))


@pytest.mark.parametrize("name", ["schema.cedarschema", "README.md", "../rules.cedar", "a\n.cedar", "a.toml"])
def test_files_that_do_not_belong(name: str) -> None:
    assert "is not a file that belongs in this folder" in complaints(OWN | {name: ""}, SHARED)


def test_a_byte_order_mark_is_named() -> None:
    for name, text in OWN.items():
        assert f"noordwijk/{name}: begins with a byte order mark" in complaints(
            OWN | {name: f"\ufeff{text}"}, SHARED
        )


def test_what_an_editor_saved_in_another_way_is_told_by_its_line() -> None:
    assert as_text("a/b.csv", "één\n".encode()) == "één\n"
    with pytest.raises(RuleSetInvalid, match=r"a/b\.csv, line 3: is not UTF-8"):
        as_text("a/b.csv", "een\n\ntwee één\n".encode("cp1252"))


def test_a_municipality_called_shared() -> None:
    assert "a municipality cannot have this name" in complaints(OWN, SHARED, name="shared")


def test_terms_of_another_municipality() -> None:
    assert "noordwijk/terms.toml: is about den-helder" in complaints(
        OWN | {"terms.toml": texts("den-helder")["terms.toml"]}, SHARED
    )


def test_an_offered_purpose_is_on_the_closed_list() -> None:
    terms = OWN["terms.toml"].replace("aangifte =", "nieuwsgierigheid =")
    terms = terms.replace('"aangifte"', '"nieuwsgierigheid"')
    told = complaints(OWN | {"terms.toml": terms}, SHARED)
    assert "terms.toml: purposes.nieuwsgierigheid: is not on the closed list" in told


def test_a_broken_schema() -> None:
    shared = SHARED | {"schema.cedarschema": "entity Role enum ["}
    assert "shared/schema.cedarschema: is not a Cedar schema" in complaints(OWN, shared)


def test_all_problems_of_all_files_at_once() -> None:
    own = {
        "rules.cedar": OWN["rules.cedar"].replace('@id("needs-demand")', "").replace("no-copy", "nocopy", 1),
        "terms.toml": OWN["terms.toml"].replace("= 14", "= 0"),
    }
    shared = SHARED | {"shared.cedar": SHARED["shared.cedar"].replace("@basis", "@base", 1)}
    told = complaints(own, shared)
    for place in (
        "noordwijk/terms.toml: ",
        "rules.cedar, rule number 6: ",
        "rule officer-asks-for-own-footage: ",
    ):
        assert place in told
    assert "shared/shared.cedar, rule works-council: @basis is missing" in told


def test_the_closed_list_is_the_schemas() -> None:
    purposes = rule_set("noordwijk").purposes
    assert "functioneringsgesprek" in purposes
    assert len(purposes) == 16


@pytest.mark.parametrize("municipality", MUNICIPALITIES)
def test_anybody_can_recompute_the_digest(municipality: str) -> None:
    files = f"{municipality}/*.cedar {municipality}/*.toml shared/*.cedar* shared/*.toml"
    command = f"sha256sum {files} | LC_ALL=C sort -k2 | sha256sum"
    told = subprocess.run(command, shell=True, cwd=FOLDER, capture_output=True, check=True, text=True)  # noqa: S602 - the documented command line
    assert rule_set(municipality).digest == told.stdout.split()[0]


FILES = {str(path.relative_to(FOLDER)): path for path in sorted(FOLDER.glob("*/*.[ct][eo][dm]*"))}


@settings(max_examples=200)
@given(st.sampled_from(sorted(FILES)), st.data())
def test_any_byte_changes_the_digest(name: str, data: st.DataObject) -> None:
    read = {key: Path(path).read_text() for key, path in FILES.items()}
    text = read[name]
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda letter: letter != text[place]))
    assert digest(read) != digest(read | {name: text[:place] + other + text[place + 1 :]})


def test_moving_text_between_files_changes_the_digest() -> None:
    assert digest({"a": "xy", "b": "z"}) != digest({"a": "x", "b": "yz"}) != digest({"a": "x", "c": "yz"})


def test_each_municipality_has_its_own_digest() -> None:
    assert len({rule_set(municipality).digest for municipality in MUNICIPALITIES}) == len(MUNICIPALITIES)


def test_the_trails_term_is_that_for_all_or_refused_with_the_reason() -> None:
    assert rule_set("heerde").terms.log_term_years == 5
    assert rule_set("alphen-aan-den-rijn").terms.log_term_years == 10
    own = texts("heerde")
    own["terms.toml"] = own["terms.toml"].replace("\nterm_days", "\nlog_term_years = 4\nterm_days", 1)
    with pytest.raises(RuleSetInvalid, match=r"heerde/terms\.toml: log_term_years: at least 5\. .*audit"):
        RuleSet.parse("heerde", own, texts("shared"))
    before = {name: text for name, text in texts("shared").items() if name != "log.toml"}
    assert RuleSet.parse("heerde", own, before).terms.log_term_years == 4
    with pytest.raises(RuleSetInvalid, match=r"shared/log\.toml: at_least_years"):
        RuleSet.parse("heerde", texts("heerde"), {**texts("shared"), "log.toml": "at_least_years = true"})
