"""Rules are changed by two, under the rules themselves; who they were and what it did stands in the trail."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from console.demo import town
from policies.problems import RuleSetInvalid
from policies.reading import digest
from tests.installation import Installation
from tests.ruling import NO_LEARNING, ONE, OTHER, REASON, SHORTER, proposed, put_in_force, texts
from tests.watching import entries, footage, keep, payload_of, row_of
from vault import facts, rule_changes
from vault.audit import Event
from vault.db import Database
from vault.ids import new_id
from vault.rule_changes import OwnProposal, ProposalClosed, ProposalOutdated, RulesUnchanged
from vault.rule_records import ChangeState, in_force, record, state_of
from vault.rulesets import RuleSetAltered, RuleSetMissing, by_path, load_rule_sets, store_texts
from vault.tables import RuleSetChange, RuleSetTexts


def now() -> datetime:
    return datetime.now(UTC)


def row(made: Installation, change: UUID) -> RuleSetChange:
    with made.vault.database.reading() as session:
        return session.get_one(RuleSetChange, change)


def leaf(made: Installation, event: Event) -> dict[str, Any]:
    """The last entry of an event."""
    found: dict[str, Any] = json.loads(entries(made, event)[-1].leaf)
    return found


def test_one_proposes_and_another_activates(installation: Installation) -> None:
    vault = installation.vault
    before = vault.rule_sets.of(town.SLUG)
    administrator, officer = (installation.caller(who) for who in (town.ADMINISTRATOR, town.PRIVACY_OFFICER))
    outcome = rule_changes.propose(vault, administrator, town.SLUG, texts(SHORTER), reason=REASON, now=now())
    assert outcome.change is not None
    change = outcome.change
    assert vault.rule_sets.of(town.SLUG) is before
    assert rule_changes.activate(vault, officer, change.id, now=now()).change
    after = vault.rule_sets.of(town.SLUG)
    assert (after.digest, after.terms.term_days) == (change.digest, 14)
    told = leaf(installation, Event.RULES_ACTIVATED)
    assert told["facts"] == {"ruleSet": after.digest, "replaces": before.digest, "moved": 0}
    assert (told["dec"], told["why"], told["pol"]) == ("allow", ["rules-changed-by-two"], before.digest)
    payload = payload_of(installation, entries(installation, Event.RULES_ACTIVATED)[-1])
    assert payload["actor"]["id"] == str(officer.id)
    assert payload["details"]["proposedBy"] == f"person:{administrator.id}"
    assert payload["details"]["reason"] == REASON
    assert leaf(installation, Event.RULES_PROPOSED)["facts"] == {"ruleSet": change.digest}


def test_nobody_activates_their_own(small: Installation) -> None:
    officer = small.caller(town.PRIVACY_OFFICER)
    mine = rule_changes.propose(small.vault, officer, town.SLUG, texts(SHORTER), reason=REASON, now=now())
    assert mine.change is not None
    denied = rule_changes.activate(small.vault, officer, mine.change.id, now=now())
    assert denied.change is None
    assert denied.decision is not None
    assert [rule.id for rule in denied.decision.reasons] == ["own-proposal"]
    assert leaf(small, Event.RULES_DENIED)["why"] == ["own-proposal"]
    assert state_of(row(small, mine.change.id)) is ChangeState.PROPOSED


def test_nor_does_an_operator(small: Installation) -> None:
    change = proposed(small, SHORTER)
    with pytest.raises(OwnProposal):
        rule_changes.activate(small.vault, ONE, change, now=now())
    assert payload_of(small, entries(small, Event.RULES_DENIED)[-1])["actor"]["id"] == "one"
    assert small.vault.rule_sets.of(town.SLUG).terms.term_days == 28


def test_the_database_wants_two_as_well(installation: Installation) -> None:
    change = proposed(installation, SHORTER)
    with pytest.raises(IntegrityError), installation.vault.database.transaction() as session:
        session.execute(
            update(RuleSetChange)
            .where(RuleSetChange.id == change)
            .values(activated_by="operator:one", activated_at=now())
        )


@pytest.mark.parametrize("who", [town.OFFICER, town.SUPERVISOR], ids=lambda who: who.name)
def test_who_may_not(small: Installation, who: town.Resident) -> None:
    caller = small.caller(who)
    change = proposed(small, SHORTER)
    vault = small.vault
    verbs = (
        rule_changes.propose(vault, caller, town.SLUG, texts(NO_LEARNING), reason=REASON, now=now()),
        rule_changes.activate(vault, caller, change, now=now()),
        rule_changes.withdraw(vault, caller, change, reason=REASON, now=now()),
        rule_changes.read(vault, caller, change, now=now()),
    )
    listing = rule_changes.listed(vault, caller, town.SLUG, now=now())
    assert [verb.change for verb in verbs] == [None] * 4
    assert listing.changes == ()
    assert all(each.decision and not each.decision.permitted for each in (*verbs, listing))
    assert len(entries(small, Event.RULES_DENIED)) == 5
    assert state_of(row(small, change)) is ChangeState.PROPOSED


def test_what_is_wrong_is_told_all_at_once(small: Installation) -> None:
    wrong = {**texts(), "terms.toml": "municipality = 'elsewhere'", "rules.cedar": "permit everything;"}
    before = len(entries(small))
    with pytest.raises(RuleSetInvalid) as refused:
        rule_changes.propose(small.vault, ONE, town.SLUG, wrong, reason=REASON, now=now())
    assert {problem.file for problem in refused.value.problems} == {
        f"{town.SLUG}/terms.toml",
        f"{town.SLUG}/rules.cedar",
    }
    assert len(entries(small)) == before


def test_shared_rules_cannot_be_proposed(small: Installation) -> None:
    for own in ({**texts(), "schema.cedarschema": ""}, {**texts(), "../shared/shared.cedar": ""}):
        with pytest.raises(RuleSetInvalid):
            rule_changes.propose(small.vault, ONE, town.SLUG, own, reason=REASON, now=now())
    with pytest.raises(RuleSetInvalid):
        rule_changes.propose(small.vault, ONE, "shared", texts(), reason=REASON, now=now())
    # And one that names a rule of theirs is double.
    double = {'@id("needs-complaint")': '@id("works-council")'}
    with pytest.raises(RuleSetInvalid, match="works-council"):
        proposed(small, double)


def test_the_same_again_is_no_proposal(small: Installation) -> None:
    with pytest.raises(RulesUnchanged):
        proposed(small)
    put_in_force(small, SHORTER)
    with pytest.raises(RulesUnchanged):
        proposed(small, SHORTER)
    # Back to those of the folder is a change.
    proposed(small)


def test_a_proposal_is_closed_once(small: Installation) -> None:
    vault = small.vault
    gone, done = proposed(small, SHORTER), put_in_force(small, NO_LEARNING)
    rule_changes.withdraw(vault, OTHER, gone, reason=REASON, now=now())
    assert state_of(row(small, gone)) is ChangeState.WITHDRAWN
    for change in (gone, done):
        with pytest.raises(ProposalClosed):
            rule_changes.activate(vault, OTHER, change, now=now())
        with pytest.raises(ProposalClosed):
            rule_changes.withdraw(vault, OTHER, change, reason=REASON, now=now())
    assert state_of(row(small, done)) is ChangeState.IN_FORCE


def test_what_is_not_there_is_unknown(small: Installation) -> None:
    for verb in (rule_changes.activate, rule_changes.read):
        with pytest.raises(facts.Unknown):
            verb(small.vault, ONE, new_id(), now=now())
    with pytest.raises(RuleSetMissing):
        rule_changes.listed(small.vault, small.caller(town.PRIVACY_OFFICER), "atlantis", now=now())


def test_a_proposal_of_before_an_upgrade_is_outdated(small: Installation) -> None:
    change = proposed(small, SHORTER)
    older = {f"{town.SLUG}/{name}": text for name, text in texts(SHORTER).items()}
    with small.vault.database.transaction() as session:
        stored = session.get_one(RuleSetTexts, row(small, change).digest)
        then = {**stored.texts, **older, "shared/shared.cedar": stored.texts["shared/shared.cedar"] + "\n"}
        session.add(
            RuleSetTexts(digest=digest(then), municipality=town.SLUG, texts=then, first_seen_at=now())
        )
        session.flush()
        session.get_one(RuleSetChange, change).digest = digest(then)
    with pytest.raises(ProposalOutdated):
        rule_changes.activate(small.vault, OTHER, change, now=now())
    assert state_of(row(small, change)) is ChangeState.PROPOSED


def test_what_somebody_put_in_its_place_is_not_activated(small: Installation) -> None:
    record(small.vault, now=now())
    change = proposed(small, SHORTER)
    with small.vault.database.transaction() as session:
        other = in_force(session, "noordwijk")
        assert other is not None
        session.get_one(RuleSetChange, change).digest = other.digest
    with pytest.raises(RuleSetAltered):
        rule_changes.activate(small.vault, OTHER, change, now=now())
    assert small.vault.rule_sets.of(town.SLUG).terms.term_days == 28


def test_what_does_not_go_with_new_shared_rules_can_be_replaced(small: Installation) -> None:
    """An upgrade brought a shared rule by a name that this municipality had: nothing starts then."""
    record(small.vault, now=now())
    change, shared = proposed(small, SHORTER), "// Nothing was forbidden then."
    own = {**texts(), "more.cedar": texts(municipality="shared")["shared.cedar"]}
    then = by_path(town.SLUG, own) | {"shared/shared.cedar": shared}
    with small.vault.database.transaction() as session:
        current = in_force(session, town.SLUG)
        assert current is not None
        current.digest = store_texts(session, town.SLUG, then, now=now())
    small.vault.rule_sets.look_again()
    with pytest.raises(RuleSetInvalid, match="is already a rule of shared"):
        small.vault.rule_sets.of(town.SLUG)
    rule_changes.activate(small.vault, OTHER, change, now=now())
    assert small.vault.rule_sets.of(town.SLUG).terms.term_days == 14


def test_of_many_activated_at_once_one_is_in_force(installation: Installation) -> None:
    record(installation.vault, now=now())
    edits = [{"term_days = 28": f"term_days = {days}"} for days in (11, 12, 13, 14)]
    changes = [proposed(installation, edit) for edit in edits]
    together = Barrier(len(changes))

    def activate(change: UUID) -> None:
        together.wait()
        rule_changes.activate(installation.vault, OTHER, change, now=now())

    with ThreadPoolExecutor(len(changes)) as pool:
        list(pool.map(activate, changes))
    states = [state_of(row(installation, change)) for change in changes]
    assert sorted(states) == ["in-force", "replaced", "replaced", "replaced"]
    links = [json.loads(entry.leaf)["facts"] for entry in entries(installation, Event.RULES_ACTIVATED)]
    activated = [facts for facts in links if "moved" in facts]
    digests = {facts["ruleSet"] for facts in activated}
    # Each replaced another: an unbroken chain.
    assert len({facts["replaces"] for facts in activated}) == len(changes)
    assert len({facts["replaces"] for facts in activated} & digests) == len(changes) - 1


def test_a_shorter_term_holds_for_what_is_kept(installation: Installation) -> None:
    recording = keep(installation, footage(1000))
    before = row_of(installation, recording)
    put_in_force(installation, SHORTER)
    after = row_of(installation, recording)
    assert before.dispose_after is not None
    assert after.dispose_after is not None
    assert before.dispose_after - after.dispose_after >= timedelta(days=13, hours=23)
    assert leaf(installation, Event.RULES_ACTIVATED)["facts"]["moved"] == 1


def test_another_process_follows(small: Installation) -> None:
    seconds = 0.0
    there = load_rule_sets(database=Database(small.settings.database_url.get_secret_value()))
    there._clock = lambda: seconds
    assert there.of(town.SLUG).terms.term_days == 28
    put_in_force(small, SHORTER)
    assert there.of(town.SLUG).terms.term_days == 28
    seconds = 2.5
    assert there.of(town.SLUG).terms.term_days == 14


def test_a_list_is_the_whole_story(small: Installation) -> None:
    record(small.vault, now=now())
    change = put_in_force(small, SHORTER)
    administrator = small.caller(town.ADMINISTRATOR)
    found = rule_changes.listed(small.vault, administrator, town.SLUG, now=now())
    assert [(state_of(each), each.proposed_by) for each in found.changes] == [
        ("in-force", "operator:one"),
        ("replaced", None),
    ]
    assert found.folder_differs
    shown = rule_changes.read(small.vault, administrator, change, now=now())
    assert shown.texts == texts(SHORTER)
    with small.vault.database.reading() as session:
        current = in_force(session, town.SLUG)
        assert current is not None
        assert current.id == change
        theirs = select(RuleSetTexts).where(RuleSetTexts.municipality == town.SLUG)
        assert len(session.scalars(theirs).all()) == 2


def test_a_municipality_nobody_knew(small: Installation) -> None:
    own = {
        "rules.cedar": texts()["rules.cedar"],
        "terms.toml": texts()["terms.toml"].replace(f'"{town.SLUG}"', '"atlantis"'),
    }
    made = rule_changes.propose(small.vault, ONE, "atlantis", own, reason=REASON, now=now())
    assert made.change is not None
    with pytest.raises(RuleSetMissing):
        small.vault.rule_sets.of("atlantis")
    rule_changes.activate(small.vault, OTHER, made.change.id, now=now())
    assert small.vault.rule_sets.of("atlantis").terms.term_days == 28
    assert leaf(small, Event.RULES_ACTIVATED)["facts"]["replaces"] == ""
