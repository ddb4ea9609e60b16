"""What goes over the API: closed shapes, camelCase, moments in UTC."""

from datetime import datetime
from typing import get_args
from uuid import uuid4

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from vault.facts import PREREQUISITES
from vault.web import shapes
from vault.web.shapes import Moment, NewRequest, Prerequisite, Shape

SHAPES = [
    value
    for value in vars(shapes).values()
    if isinstance(value, type) and issubclass(value, Shape) and value is not Shape
]
GOOD = {"recordingId": str(uuid4()), "purpose": "klacht", "reason": "Because of the complaint."}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_names_are_camel_case_and_nothing_else_gets_in(shape: type[BaseModel]) -> None:
    assert shape.model_config["extra"] == "forbid"
    for name, field in shape.model_fields.items():
        wire = field.alias or name
        assert "_" not in wire
        assert wire[0].islower()


def test_what_can_be_declared_is_what_the_rules_know() -> None:
    assert set(get_args(Prerequisite)) == set(PREREQUISITES)


@pytest.mark.parametrize(
    ("sent", "on_the_wire"),
    [
        ("2026-11-24T10:00:00+01:00", "2026-11-24T09:00:00Z"),
        ("2026-11-24T10:00:00Z", "2026-11-24T10:00:00Z"),
        ("2026-10-25T02:30:00+02:00", "2026-10-25T00:30:00Z"),
    ],
)
def test_moments_are_told_in_utc(sent: str, on_the_wire: str) -> None:
    adapter = TypeAdapter[datetime](Moment)
    read = adapter.validate_python(sent)
    assert read == datetime.fromisoformat(sent)
    assert adapter.dump_python(read, mode="json") == on_the_wire


@pytest.mark.parametrize("sent", ["2026-11-24T10:00:00", "0001-01-01T00:00:00+14:00", "x"])
def test_a_moment_without_a_place_in_time_is_refused(sent: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter[datetime](Moment).validate_python(sent)


def test_reasons_are_stripped_before_they_are_measured() -> None:
    assert NewRequest.model_validate({**GOOD, "reason": "  Because of it.  "}).reason == "Because of it."
    with pytest.raises(ValidationError):
        NewRequest.model_validate({**GOOD, "reason": "    too short      "[:12]})


def test_a_reason_may_have_lines_and_any_script() -> None:
    reason = "Eerste regel.\nTweede régel: 事件 👮"
    assert NewRequest.model_validate({**GOOD, "reason": reason}).reason == reason
