"""The commands that tell what a rule set says, to whoever has no installation and to whoever has one."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

import policies
from console.demo import town
from policies.describing import describe
from policies.pages import as_markdown, as_plain
from tests.console.conftest import Command
from tests.installation import Installation
from vault.ids import new_id
from vault.rulesets import by_path, load_rule_sets, read_folder
from vault.tables import RuleSetChange, RuleSetTexts

RULE_SET = load_rule_sets().of(town.SLUG)
PUBLISHED = Path(policies.__file__).parent / "rulesets"


@pytest.fixture
def longer(tmp_path: Path) -> Path:
    """A folder in which the town keeps footage a day longer, and has no DPIA."""
    folder = shutil.copytree(PUBLISHED / town.SLUG, tmp_path / "rules" / town.SLUG)
    terms = (folder / "terms.toml").read_text("utf-8").replace("term_days = 28", "term_days = 29")
    before, _, after = terms.partition("[records.dpia]\n")
    (folder / "terms.toml").write_text(before + after[after.index("[records.works-council]") :], "utf-8")
    return folder.parent


def test_without_an_installation_it_is_told_in_both_languages(command: Command) -> None:
    told = command("policy", "describe", town.SLUG)
    assert (told.code, told.err) == (0, "")
    assert told.out == "\n".join(as_plain(describe(RULE_SET, language)) for language in ("nl", "en"))


def test_in_one_language_for_a_website(command: Command) -> None:
    told = command("policy", "describe", town.SLUG, "--language", "en", "--format", "markdown")
    assert told.out == as_markdown(describe(RULE_SET, "en"))


def test_of_a_folder(command: Command, longer: Path) -> None:
    told = command("policy", "describe", town.SLUG, "--language", "en", "--folder", longer)
    assert "29 days, from the moment of recording." in told.out
    told = command("policy", "describe", town.SLUG, settings={"BODYCAM_RULE_SETS": str(longer)})
    assert "29 dagen" in told.out


def test_as_it_is_in_force(small: Installation, command: Command, longer: Path) -> None:
    settings = small.environment("vault")
    assert "28 days" in command("policy", "describe", town.SLUG, "--in-force", settings=settings).out
    other = load_rule_sets(longer).of(town.SLUG).digest
    now = datetime.now(UTC)
    with small.vault.database.transaction() as session:
        texts = by_path(town.SLUG, read_folder(longer / town.SLUG))
        session.add(RuleSetTexts(digest=other, municipality=town.SLUG, texts=texts, first_seen_at=now))
        session.flush()
        moments = {"proposed_at": now, "activated_at": now}
        session.add(RuleSetChange(id=new_id(), municipality=town.SLUG, digest=other, reason="x", **moments))
    told = command("policy", "describe", town.SLUG, "--in-force", settings=settings)
    assert "29 days" in told.out, told.err
    assert "28 days" in command("policy", "describe", town.SLUG, settings=settings).out
    told = command("policy", "records", town.SLUG, "--in-force", "--language", "en", settings=settings)
    assert "(data protection impact assessment): missing." in told.out


def test_records_are_shown(command: Command) -> None:
    told = command("policy", "records", town.SLUG, "--language", "en")
    assert "DPIA Bodycams Voorbeeldstad, 12-01-2026, DPIA-2026-003." in told.out
    assert "taken in" not in told.out
    told = command("policy", "records", "--language", "nl")
    for rule_set in load_rule_sets():
        assert f"{rule_set.terms.name}\n" in told.out
    assert "Beverwijk\n---------\n\n- DPIA (gegevensbeschermingseffectbeoordeling): ontbreekt." in told.out


def test_of_nobody(command: Command) -> None:
    told = command("policy", "describe", "nergens")
    assert (told.code, "nergens" in told.err) == (2, True)
