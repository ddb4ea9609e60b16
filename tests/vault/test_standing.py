"""Who acts on rules, footage, the trail: of a person the rules speak, of an operator they do not."""

import json
from datetime import UTC, datetime

import pytest

from console.demo import town
from policies.facts import Action, Trail
from tests.installation import Installation
from tests.ruling import ONE
from tests.watching import entries, footage, keep, payload_of
from vault import facts
from vault.audit import Event
from vault.facts import Unknown
from vault.ids import PersonId, new_id
from vault.rulesets import RuleSetMissing
from vault.standing import append_before, stand, stand_before
from vault.tables import RuleSetTexts
from vault.vault import Caller

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def test_an_operator_is_let_and_named(small: Installation) -> None:
    with small.vault.database.reading() as session:
        found = stand(small.vault, session, ONE, Action.ACTIVATE_RULES, "atlantis", NOW)
    assert (found.permitted, found.decision, found.denial) == (True, None, None)
    assert found.account == "operator:one"


@pytest.mark.parametrize(
    ("who", "action", "may"),
    [
        (town.ADMINISTRATOR, Action.PROPOSE_RULES, True),
        (town.ADMINISTRATOR, Action.ACTIVATE_RULES, False),
        (town.ADMINISTRATOR, Action.EXAMINE_RULES, False),
        (town.PRIVACY_OFFICER, Action.ACTIVATE_RULES, True),
        (town.PRIVACY_OFFICER, Action.EXAMINE_RULES, True),
        (town.SUPERVISOR, Action.READ_RULES, False),
    ],
    ids=str,
)
def test_a_person_is_as_the_rules_say(
    small: Installation, who: town.Resident, action: Action, *, may: bool
) -> None:
    caller = small.caller(who)
    with small.vault.database.transaction() as session:
        found = stand(small.vault, session, caller, action, town.SLUG, NOW, "operator:one")
        assert session.get(RuleSetTexts, small.vault.rule_sets.of(town.SLUG).digest)
    assert (found.permitted, found.denial is None) == (may, may)
    assert found.account == f"person:{caller.id}"
    assert found.actor.roles == tuple(role for role, _ in who.roles)


def test_their_own_proposal_is_recognised(small: Installation) -> None:
    caller = small.caller(town.PRIVACY_OFFICER)
    with small.vault.database.transaction() as session:
        own, others = (
            stand(small.vault, session, caller, Action.ACTIVATE_RULES, town.SLUG, NOW, proposer)
            for proposer in (f"person:{caller.id}", f"person:{new_id()}")
        )
    assert own.denial is not None
    assert [rule.id for rule in own.denial.reasons] == ["own-proposal"]
    assert others.permitted


def test_who_is_nobody_or_nowhere(small: Installation) -> None:
    nobody = Caller(PersonId(new_id()), "Nobody")
    with small.vault.database.reading() as session:
        with pytest.raises(Unknown):
            stand(small.vault, session, nobody, Action.READ_RULES, town.SLUG, NOW)
        with pytest.raises(RuleSetMissing):
            stand(small.vault, session, nobody, Action.READ_RULES, "atlantis", NOW)


def test_before_footage_an_entry_tells_of_which_and_whose(small: Installation) -> None:
    recording = keep(small, footage(1000))
    with small.vault.database.transaction() as session:
        known = facts.recording(session, recording)
        who = stand_before(small.vault, session, ONE, Action.FIND, known, NOW)
        append_before(
            small.vault,
            session,
            who,
            Event.OFFICER_DEPICTED,
            known,
            NOW,
            denied=Event.SEARCH_DENIED,
            leaf={"listed": 1},
            details={"reason": "To see."},
        )
    [entry] = entries(small, Event.OFFICER_DEPICTED)
    leaf = json.loads(entry.leaf)
    ring = small.vault.ring
    assert leaf["obj"] == ring.pseudonym("recording", str(recording))
    assert leaf["subj"] == ring.pseudonym("person", str(known.maker))
    assert (leaf["regime"], leaf["facts"], leaf["org"]) == ("avg", {"listed": 1}, town.SLUG)
    assert "dec" not in leaf
    assert payload_of(small, entry)["details"] == {"reason": "To see."}


@pytest.mark.parametrize(("who", "event"), [(town.PRIVACY_OFFICER, "log.read"), (town.OFFICER, "log.denied")])
def test_before_the_trail_a_denial_is_another_entry(
    small: Installation, who: town.Resident, event: str
) -> None:
    trail, caller = Trail(town.SLUG), small.caller(who)
    with small.vault.database.transaction() as session:
        found = stand_before(small.vault, session, caller, Action.READ_LOG, trail, NOW)
        append_before(small.vault, session, found, Event.LOG_READ, trail, NOW, denied=Event.LOG_DENIED)
    assert entries(small)[-1].event == event
    assert found.permitted is (event == "log.read")
