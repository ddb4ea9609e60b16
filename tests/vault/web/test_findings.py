"""The JSON of searches and lists: places that are only good to go on from, periods that go forwards."""

import uuid
from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from vault.web.findings import FindingQuestion, ListQuestion, NewSearch, place_of, placed

RECORDING = uuid.UUID("01a20b79-8f9b-7763-b6cf-7bab6a87aa91")
GOOD = {
    "municipality": "x",
    "purpose": "y",
    "reason": "Somebody was pushed.",
    "since": "2026-11-04T20:00:00+01:00",
    "until": "2026-11-04T21:00:00+01:00",
}


@pytest.mark.parametrize(
    "moment", [datetime(2026, 11, 4, 20, 0, 0, 1, tzinfo=UTC), datetime(1969, 12, 31, 23, 59, tzinfo=UTC)]
)
def test_a_place_is_read_as_it_was_written(moment: datetime) -> None:
    place = place_of(moment, RECORDING)
    assert FindingQuestion(after=place).after == place
    assert placed(place) == (moment, RECORDING)


@pytest.mark.parametrize("place", ["", "1", f"1.{RECORDING}x", f"x.{RECORDING}", f"{'9' * 18}.{RECORDING}"])
def test_a_place_of_nowhere_is_refused(place: str) -> None:
    with pytest.raises(ValidationError):
        FindingQuestion(after=place)


@pytest.mark.parametrize("place", ["2." + str(RECORDING), "1.", str(RECORDING)])
def test_a_place_in_no_list_is_refused(place: str) -> None:
    adapter = TypeAdapter(ListQuestion)
    with pytest.raises(ValidationError):
        adapter.validate_python({"municipality": "x", "after": place})


def test_a_search_goes_forwards() -> None:
    assert NewSearch.model_validate(GOOD).since < NewSearch.model_validate(GOOD).until
    for until in (GOOD["since"], "2026-11-04T19:00:00+01:00"):
        with pytest.raises(ValidationError):
            NewSearch.model_validate({**GOOD, "until": until})


@pytest.mark.parametrize("limit", [0, 101])
def test_a_page_has_its_bounds(limit: int) -> None:
    with pytest.raises(ValidationError):
        FindingQuestion(limit=limit)
