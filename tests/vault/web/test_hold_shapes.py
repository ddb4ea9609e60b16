"""The JSON of holds: closed, and without a date that nobody knows."""

from uuid import uuid4

import pytest
from pydantic import ValidationError

from policies.retention import UNTIL_RELEASED
from tests.policies.world import NOW
from vault.tables import Recording
from vault.web.hold_shapes import NewHold, RecordingTerm, term


def test_what_is_held_has_no_end() -> None:
    held = term(Recording(id=uuid4(), regime="avg", dispose_after=UNTIL_RELEASED))
    assert (held.held, held.dispose_after) == (True, None)


def test_what_is_not_held_has_one() -> None:
    found = term(Recording(id=uuid4(), regime="wpg", dispose_after=NOW))
    assert (found.held, found.dispose_after, found.regime) == (False, NOW, "wpg")
    assert found.model_dump(by_alias=True, mode="json")["disposeAfter"].endswith("Z")


@pytest.mark.parametrize(
    "wrong",
    [
        {"trigger": "whim"},
        {"reason": "short"},
        {"basis": "x"},
        {"basis": "Awb\x00 art. 9:11"},
        {"until": "tomorrow"},
    ],
    ids=str,
)
def test_what_is_not_well_formed(wrong: dict[str, str]) -> None:
    right = {"trigger": "complaint", "reason": "A complaint was filed.", "basis": "Awb art. 9:11"}
    assert NewHold.model_validate(right).trigger == "complaint"
    with pytest.raises(ValidationError):
        NewHold.model_validate({**right, **wrong})


def test_every_member_is_told() -> None:
    assert set(RecordingTerm.model_fields) == {"recording_id", "regime", "held", "dispose_after"}
