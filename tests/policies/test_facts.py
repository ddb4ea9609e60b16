from dataclasses import FrozenInstanceError, replace

import pytest

from policies.facts import Action, Situation, SituationRefused, Trail
from tests.policies.world import NOW, World

WORLD = World("noordwijk")


@pytest.mark.parametrize("action", [Action.ASK, Action.DECIDE])
def test_asking_and_deciding_need_the_request(action: Action) -> None:
    with pytest.raises(SituationRefused, match="needs the request"):
        Situation(WORLD.person("decider"), action, WORLD.recording, "opsporing", NOW)


def test_revoking_needs_the_grant() -> None:
    with pytest.raises(SituationRefused, match="needs the grant"):
        WORLD.revoke("decider", grant=None)


def test_watching_without_a_grant_is_a_question_to_decide() -> None:
    assert WORLD.watch(None).grant is None


ABOUT_TRAIL = (
    Action.READ_AUDIT,
    Action.READ_LOG,
    Action.SETTLE_SIGNAL,
    Action.READ_RETENTION,
    Action.EVALUATE,
)


@pytest.mark.parametrize("action", [action for action in Action if action not in ABOUT_TRAIL])
def test_nobody_watches_a_trail(action: Action) -> None:
    with pytest.raises(SituationRefused, match="to a Trail"):
        Situation(WORLD.person("decider"), action, Trail("noordwijk"), "opsporing", NOW)


def test_nobody_reads_footage_as_a_trail() -> None:
    with pytest.raises(SituationRefused, match="to a Recording"):
        replace(WORLD.read_audit("auditor", "audit"), resource=WORLD.recording)


def test_now_has_a_zone() -> None:
    with pytest.raises(SituationRefused, match="time zone"):
        replace(WORLD.watch(None), now=NOW.replace(tzinfo=None))


def test_what_is_not_known_of_a_request_is_not_so() -> None:
    request = WORLD.ask("maker", "aangifte", has_case_reference=False).request
    assert request is not None
    assert {getattr(request, f) for f in request.__slots__ if isinstance(getattr(request, f), bool)} == {
        False
    }


def test_facts_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        WORLD.recording.state = "disposed"  # type: ignore[misc] # what mypy refuses is refused at run time too
