"""The overview and the dry run as data: JSON in the form of the API, camelCase, moments in UTC."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from pydantic.alias_generators import to_camel

from vault.disposal.foresight import Overview


def told(found: Overview) -> dict[str, Any]:
    """The members of an overview, as the API has them."""
    counts = found.due
    return {
        **{name: value for name, value in asdict(found).items() if name != "due"},
        "overdue": counts.overdue,
        "days": [{"day": day, "recordings": number} for day, number in sorted(counts.days.items())],
        "later": counts.later,
        "held_recordings": counts.held,
    }


def as_json(members: Mapping[str, Any]) -> str:
    """One line of JSON."""
    return json.dumps(_camel(members), default=_plain, ensure_ascii=False)


def _camel(value: Any) -> Any:
    match value:
        case Mapping():
            return {to_camel(name): _camel(each) for name, each in value.items()}
        case list() | tuple():
            return [_camel(each) for each in value]
    return value


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)
