"""A look at what rules would change: decided on, entered before it shows, in batches; it changes nothing."""

import json
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import func, select

from console.demo import town
from policies.problems import RuleSetInvalid
from tests.installation import Installation
from tests.ruling import NO_SUPERVISOR, ONE, OTHER, SHORTER, proposed, texts
from tests.watching import entries, footage, granted, keep, row_of
from vault import facts, rule_changes, term_changes, what_if
from vault.audit import Event
from vault.ids import new_id
from vault.tables import AuditEntry, Grant
from vault.what_if import Examination, ExaminationDenied, Totals, examine, examine_proposal


def now() -> datetime:
    return datetime.now(UTC)


def all_of(batch_after: Any) -> list[Any]:
    """Everything found, batch after batch."""
    found, after = [], None
    while True:
        batch = batch_after(after)
        found += batch.found
        after = batch.after
        if after is None:
            return found


def test_it_tells_what_then_happens(installation: Installation) -> None:
    kept = [keep(installation, footage(1000, seed=seed)) for seed in range(3)]
    grants = [granted(installation, recording) for recording in kept]
    change = proposed(installation, NO_SUPERVISOR, SHORTER)
    caller = installation.caller(town.PRIVACY_OFFICER)
    found = examine_proposal(installation.vault, caller, change, now=now())
    assert isinstance(found, Examination)
    assert found.totals == Totals(decisions=6, recordings=3, grants=3)
    # One at a time: what a batch leaves is in the next.
    with patch.object(what_if, "AT_ONCE", 1), patch.object(term_changes, "AT_ONCE", 1):
        flips, moves, endings = (all_of(part) for part in (found.flips, found.moves, found.endings))
    assert [flip.action for flip in flips] == ["ask"] * 3
    assert [ending.grant for ending in endings] == grants
    assert sorted(move.recording for move in moves) == sorted(kept)
    before = {move.recording: move.before for move in moves}
    assert before == {recording: row_of(installation, recording).dispose_after for recording in kept}
    rule_changes.activate(installation.vault, OTHER, change, now=now())
    after = {move.recording: move.after for move in moves}
    assert after == {recording: row_of(installation, recording).dispose_after for recording in kept}


def test_a_look_is_an_entry_and_nothing_else(small: Installation) -> None:
    recording = keep(small, footage(1000))
    granted(small, recording)
    before = len(entries(small)), row_of(small, recording).dispose_after
    found = examine(small.vault, ONE, town.SLUG, texts(SHORTER), now=now())
    assert isinstance(found, Examination)
    [entry] = entries(small, Event.RULES_EXAMINED)
    assert json.loads(entry.leaf)["facts"] == {"ruleSet": found.proposed.digest}
    assert json.loads(entry.leaf)["op"] == "consult"
    all_of(found.flips), all_of(found.moves), all_of(found.endings)
    assert (len(entries(small)), row_of(small, recording).dispose_after) == (before[0] + 1, before[1])
    with small.vault.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Grant)) == 1
    assert small.vault.rule_sets.of(town.SLUG).terms.term_days == 28


@pytest.mark.parametrize("who", [town.OFFICER, town.SUPERVISOR, town.ADMINISTRATOR], ids=lambda who: who.name)
def test_who_may_not_sees_nothing(small: Installation, who: town.Resident) -> None:
    found = examine(small.vault, small.caller(who), town.SLUG, texts(SHORTER), now=now())
    assert isinstance(found, ExaminationDenied)
    assert [rule.id for rule in found.decision.reasons] == ["rules-examined-for-oversight"]
    assert len(entries(small, Event.RULES_DENIED)) == 1
    # Nor does whoever may not learn what is wrong with a text.
    denied = examine(small.vault, small.caller(who), town.SLUG, {}, now=now())
    assert isinstance(denied, ExaminationDenied)


def test_what_is_no_rule_set_is_told(small: Installation) -> None:
    with pytest.raises(RuleSetInvalid):
        examine(small.vault, ONE, town.SLUG, {"rules.cedar": "permit all"}, now=now())
    with pytest.raises(facts.Unknown):
        examine_proposal(small.vault, ONE, new_id(), now=now())


def test_of_another_municipality_nothing_is_seen(small: Installation) -> None:
    keep(small, footage(1000))
    own = {"term_days = 14": "term_days = 28"}
    found = examine(small.vault, ONE, "noordwijk", texts(own, municipality="noordwijk"), now=now())
    assert isinstance(found, Examination)
    assert found.totals == Totals(0, 0, 0)
    assert all_of(found.moves) == []


def test_only_a_look_that_was_entered_shows(small: Installation) -> None:
    rule_set = small.vault.rule_sets.of(town.SLUG)
    with pytest.raises(TypeError):
        Examination(small.vault, rule_set, rule_set, Totals(0, 0, 0), now(), object())
    with small.vault.database.reading() as session:
        assert session.scalars(select(AuditEntry).where(AuditEntry.event == "rules.examined")).all() == []
