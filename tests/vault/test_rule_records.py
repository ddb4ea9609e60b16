"""What is in force is recorded when a process starts; folders of a later version do not change it."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import select

from console.demo import town
from policies.problems import RuleSetInvalid
from policies.reading import digest
from tests.installation import Installation
from tests.ruling import SHORTER, put_in_force, texts
from tests.watching import entries, payload_of
from vault import rule_records
from vault.audit import Event
from vault.rule_records import ChangeState, in_force, record, state_of
from vault.rulesets import load_rule_sets
from vault.tables import RuleSetChange, RuleSetTexts
from vault.vault import Vault


def now() -> datetime:
    return datetime.now(UTC)


def later(made: Installation, home: Path) -> Vault:
    """The vault of a version that comes with another folder for its municipality."""
    shutil.copytree(str(made.settings.rule_sets), home / "rulesets")
    (home / "rulesets" / town.SLUG / "terms.toml").write_text(texts(SHORTER)["terms.toml"])
    return replace(made.vault, rule_sets=load_rule_sets(home / "rulesets", made.vault.database))


def changes(made: Installation) -> list[RuleSetChange]:
    with made.vault.database.reading() as session:
        return list(
            session.scalars(
                select(RuleSetChange)
                .where(RuleSetChange.municipality == town.SLUG)
                .order_by(RuleSetChange.id)
            )
        )


def test_the_first_start_records_the_folders(installation: Installation) -> None:
    assert record(installation.vault, now=now()) == []
    [change] = changes(installation)
    assert (change.proposed_by, change.activated_by) == (None, None)
    assert state_of(change) is ChangeState.IN_FORCE
    assert change.digest == installation.vault.rule_sets.of(town.SLUG).digest
    told = entries(installation, Event.RULES_ACTIVATED)
    assert len(told) == len(list(installation.vault.rule_sets))
    assert json.loads(told[0].leaf)["facts"]["replaces"] == ""
    assert payload_of(installation, told[0])["actor"]["kind"] == "process"
    record(installation.vault, now=now())
    assert len(entries(installation, Event.RULES_ACTIVATED)) == len(told)


def test_processes_that_start_together_record_it_once(installation: Installation) -> None:
    together = Barrier(4)

    def start(_: int) -> list[str]:
        together.wait()
        return record(installation.vault, now=now())

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(start, range(4))) == [[]] * 4
    assert len(changes(installation)) == 1
    assert len(entries(installation, Event.RULES_ACTIVATED)) == len(list(installation.vault.rule_sets))


def test_another_folder_is_told_and_not_followed(small: Installation, tmp_path: Path) -> None:
    record(small.vault, now=now())
    vault = later(small, tmp_path)
    assert record(vault, now=now()) == [town.SLUG]
    assert vault.rule_sets.of(town.SLUG).terms.term_days == 28
    assert len(changes(small)) == 1


def test_what_was_activated_outlives_a_restart(small: Installation) -> None:
    put_in_force(small, SHORTER)
    folders = small.settings.rule_sets
    again = replace(small.vault, rule_sets=load_rule_sets(folders, small.vault.database))
    assert record(again, now=now()) == [town.SLUG]
    assert again.rule_sets.of(town.SLUG).terms.term_days == 14


def of_before(made: Installation, shared: str) -> str:
    """As if what is in force had been recorded by a version with these shared rules; its digest."""
    record(made.vault, now=now())
    [change] = changes(made)
    with made.vault.database.transaction() as session:
        stored = session.get_one(RuleSetTexts, change.digest)
        then = {**stored.texts, "shared/shared.cedar": shared}
        session.add(
            RuleSetTexts(digest=digest(then), municipality=town.SLUG, texts=then, first_seen_at=now())
        )
        session.flush()
        session.get_one(RuleSetChange, change.id).digest = digest(then)
    made.vault.rule_sets.look_again()
    return digest(then)


def test_new_shared_rules_hold_at_once(small: Installation) -> None:
    older = of_before(small, "// Nothing was forbidden then.")
    assert "works-council" in small.vault.rule_sets.of(town.SLUG).rules
    assert record(small.vault, now=now()) == []
    before, after = changes(small)
    assert (before.digest, state_of(before)) == (older, ChangeState.REPLACED)
    assert (after.digest, state_of(after)) == (small.vault.rule_sets.of(town.SLUG).digest, "in-force")
    assert after.reason == rule_records.SHARED_RENEWED
    facts = json.loads(entries(small, Event.RULES_ACTIVATED)[-1].leaf)["facts"]
    assert facts == {"ruleSet": after.digest, "replaces": older}


def test_what_does_not_go_with_new_shared_rules_stops_the_start(small: Installation) -> None:
    record(small.vault, now=now())
    own = {**texts(), "rules.cedar": texts()["rules.cedar"] + "permit everything;"}
    then = {f"{town.SLUG}/{name}": text for name, text in own.items()}
    with small.vault.database.transaction() as session:
        session.add(
            RuleSetTexts(digest=digest(then), municipality=town.SLUG, texts=then, first_seen_at=now())
        )
        session.flush()
        current = in_force(session, town.SLUG)
        assert current is not None
        current.digest = digest(then)
    with pytest.raises(RuleSetInvalid):
        record(small.vault, now=now())
