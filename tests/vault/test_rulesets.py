"""The rule sets of an installation: all valid or nothing starts, and never without the shared rules."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path
from threading import Barrier
from typing import Any, cast

import pytest
from sqlalchemy import select

from console.demo import town
from policies.problems import RuleSetInvalid
from tests.installation import Installation
from tests.ruling import SHORTER, put_in_force, texts
from vault.db import Database
from vault.rule_records import in_force, record
from vault.rulesets import (
    LOOK_SECONDS,
    SHARED,
    RuleSetAltered,
    RuleSetMissing,
    RuleSets,
    by_path,
    load_rule_sets,
    parse_stored,
    store_texts,
)
from vault.tables import RuleSetTexts

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


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


def test_no_rules_are_passed_over_in_silence(folder: Path) -> None:
    (folder / "noordwijk" / "More.Cedar").write_text("// Forbids much.")
    with pytest.raises(RuleSetInvalid, match=r"noordwijk/More\.Cedar: is not a file that belongs"):
        load_rule_sets(folder)
    (folder / "noordwijk" / "More.Cedar").unlink()
    (folder / "noordwijk" / "more.cedar").mkdir()
    with pytest.raises(RuleSetInvalid, match=r"noordwijk/more\.cedar: is no file"):
        load_rule_sets(folder)


def stored(made: Installation, shared: str) -> str:
    """The digest of a rule set that was stored by a version with these shared rules."""
    own = texts()
    older = by_path(town.SLUG, own) | {f"{SHARED}/shared.cedar": shared}
    with made.vault.database.transaction() as session:
        return store_texts(session, town.SLUG, older, now=NOW)


def test_stored_texts_are_read_as_of_then_or_under_the_rules_of_now(installation: Installation) -> None:
    named = stored(installation, "// Nothing was forbidden then.")
    with installation.vault.database.reading() as session:
        then = parse_stored(session, named, as_of_then=True)
        now = parse_stored(session, named)
    assert then.digest == named
    assert "works-council" not in then.rules
    assert "works-council" in now.rules
    assert now.digest == installation.vault.rule_sets.of(town.SLUG).digest


def test_what_is_stored_is_stored_once(installation: Installation) -> None:
    assert stored(installation, "// One.") == stored(installation, "// One.")
    vault = installation.vault
    rule_set = vault.rule_sets.of(town.SLUG)
    together = Barrier(4)

    def keep(_: int) -> None:
        with vault.database.transaction() as session:
            if vault.database.engine.dialect.name == "postgresql":
                together.wait()
            vault.rule_sets.keep(session, rule_set, now=NOW)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(keep, range(4)))
    with vault.database.reading() as session:
        assert parse_stored(session, rule_set.digest, as_of_then=True).digest == rule_set.digest
        assert len(session.scalars(select(RuleSetTexts)).all()) == 2


def test_texts_that_were_rolled_back_are_stored_the_next_time(small: Installation) -> None:
    vault, rule_set = small.vault, small.vault.rule_sets.of(town.SLUG)

    def keep_and_fail() -> None:
        with vault.database.transaction() as session:
            vault.rule_sets.keep(session, rule_set, now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        keep_and_fail()
    with vault.database.transaction() as session:
        assert session.get(RuleSetTexts, rule_set.digest) is None
        vault.rule_sets.keep(session, rule_set, now=NOW)
    with vault.database.reading() as session:
        assert session.get(RuleSetTexts, rule_set.digest)


def test_altered_texts_decide_nothing(small: Installation) -> None:
    put_in_force(small, SHORTER)
    fresh = load_rule_sets(database=small.vault.database)
    with small.vault.database.transaction() as session:
        for row in session.scalars(select(RuleSetTexts)):
            row.texts = {path: text.replace("forbid", "permit") for path, text in row.texts.items()}
    with pytest.raises(RuleSetAltered):
        fresh.of(town.SLUG)
    assert fresh.of("noordwijk").terms.term_days == 14


ELSEWHERE = {f"noordwijk/{name}": text for name, text in texts(municipality="noordwijk").items()}


@pytest.mark.parametrize(
    "more",
    [
        {f"{town.SLUG}/../../rules.cedar": "// Out of every folder."},
        {f"{town.SLUG}//tmp/rules.cedar": ""},
        {"../rules.cedar": ""},
        ELSEWHERE,
    ],
    ids=lambda more: next(iter(more)),
)
def test_what_nobody_could_have_stored_counts_as_altered(small: Installation, more: dict[str, str]) -> None:
    """Whoever writes into the database can give any texts their digest, and point at them."""
    record(small.vault, now=NOW)
    fresh = load_rule_sets(database=small.vault.database)
    with small.vault.database.transaction() as session:
        current = in_force(session, town.SLUG)
        assert current is not None
        current.digest = store_texts(session, town.SLUG, by_path(town.SLUG, texts()) | more, now=NOW)
    with pytest.raises(RuleSetAltered):
        fresh.of(town.SLUG)


def test_no_municipality_is_decided_about_by_anothers_rules(small: Installation) -> None:
    record(small.vault, now=NOW)
    with small.vault.database.transaction() as session:
        mine, other = in_force(session, town.SLUG), in_force(session, "noordwijk")
        assert mine is not None
        assert other is not None
        mine.digest = other.digest
    fresh = load_rule_sets(database=small.vault.database)
    with pytest.raises(RuleSetAltered):
        fresh.of(town.SLUG)
    assert fresh.of("noordwijk").municipality == "noordwijk"


def test_nobody_looks_with_each_question(small: Installation) -> None:
    seconds = 100.0
    looks = 0

    class Counted:
        def __getattr__(self, name: str) -> Any:
            nonlocal looks
            looks += 1
            return getattr(small.vault.database, name)

    rule_sets = RuleSets({town.SLUG: texts()}, cast(Database, Counted()), lambda: seconds)
    for _ in range(5):
        rule_sets.of(town.SLUG)
    assert looks == 1
    seconds += LOOK_SECONDS
    rule_sets.of(town.SLUG)
    assert looks == 2
    rule_sets.look_again()
    rule_sets.of(town.SLUG)
    assert looks == 3
