"""The statement of disposal as it is written: JSON in one form, whose members docs/formats.md has."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from auditor.disposals import GROUNDS, Held, Process, Statement

TYPE = "disposal-certificate"


class StatementBroken(Exception):
    """Not a statement of disposal in its one form."""


def canonical(value: object) -> bytes:
    """`value` as canonical JSON (RFC 8785): right for texts, whole numbers, and names in ASCII.

    Raises ValueError for a lone surrogate.
    """
    return _ENCODER.encode(value).encode()


def read(members: object) -> Statement:
    """The statement that `members`, read from JSON, are. Raises StatementBroken, with what is wrong first."""
    return Statement(**_read(members, _MEMBERS, "certificate"))


Reader = Callable[[object], Any]
"""Reads one member; raises ValueError for what it must not be."""


def _read(found: object, members: Mapping[str, tuple[str, Reader]], what: str) -> dict[str, Any]:
    """The fields that the members of a JSON object are: each there, and no other."""
    if not isinstance(found, dict):
        raise StatementBroken(f"{what} is no object")
    if other := found.keys() ^ (members.keys() | _CONSTANTS.get(what, {}).keys()):
        raise StatementBroken(f"{what}: {', '.join(sorted(name[:40] for name in other))} missing or unknown")
    # By their JSON: in Python true is 1 too.
    if any(canonical(found[name]) != canonical(value) for name, value in _CONSTANTS.get(what, {}).items()):
        raise StatementBroken(f"{what} is no {TYPE} of version 1")
    read_: dict[str, Any] = {}
    for name, (field, reader) in members.items():
        try:
            read_[field] = reader(found[name])
        except (ValueError, OverflowError):
            raise StatementBroken(f"{what}: {name} is not what it must be") from None
    return read_


def _text(form: str) -> Reader:
    pattern = re.compile(form, re.ASCII)

    def reader(found: object) -> str:
        if not isinstance(found, str) or not pattern.fullmatch(found):
            raise ValueError(form)
        return found

    return reader


def _count(least: int) -> Reader:
    def reader(found: object) -> int:
        # bool is a kind of int in Python, and another thing in JSON.
        if type(found) is not int or not least <= found <= _MOST:
            raise ValueError(least)
        return found

    return reader


def _or_nothing(reader: Reader) -> Reader:
    return lambda found: None if found is None else reader(found)


def _moment(found: object) -> datetime:
    return datetime.fromisoformat(_MOMENT(found)).astimezone(UTC)


def _day(found: object) -> date:
    return date.fromisoformat(_DATE(found))


def _holds(found: object) -> tuple[Held, ...]:
    if isinstance(found, list):
        return tuple(Held(**_read(each, _HOLD, "hold")) for each in found)
    raise ValueError("no list")


def _process(found: object) -> Process:
    return Process(**_read(found, _PROCESS, "process"))


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_MOST = 10**15 - 1
"""Fifteen digits: every reader of JSON reads the same number."""
_MOMENT = _text(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
_DATE = _text(r"\d{4}-\d\d-\d\d")
_UUID = _text(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_NAME = _text(r"[a-z0-9][a-z0-9-]{0,63}")
_PROGRAM = _text(r"[ -~]{1,100}")
_HOLD: Mapping[str, tuple[str, Reader]] = {
    "trigger": ("trigger", _NAME),
    "placedAt": ("placed_at", _moment),
    "releasedAt": ("released_at", _or_nothing(_moment)),
    "daysAfter": ("days_after", _count(0)),
}
_PROCESS: Mapping[str, tuple[str, Reader]] = {
    "name": ("name", _PROGRAM),
    "software": ("software", _PROGRAM),
}
_MEMBERS: Mapping[str, tuple[str, Reader]] = {
    "recording": ("recording", _UUID),
    "municipality": ("municipality", _NAME),
    "regime": ("regime", _text("avg|wpg")),
    "recordedOn": ("recorded_on", _day),
    "length": ("length", _count(0)),
    "sha256": ("sha256", _text("(?:[0-9a-f]{64})?")),
    "ground": ("ground", _text("|".join(GROUNDS))),
    "ruleSet": ("rule_set", _text("[0-9a-f]{64}")),
    "termFrom": ("term_from", _day),
    "termDays": ("term_days", _count(1)),
    "holds": ("holds", _holds),
    "due": ("due", _moment),
    "begun": ("begun", _moment),
    "begunIn": ("begun_in", _UUID),
    "keyDestroyed": ("key_destroyed", _moment),
    "keyId": ("key_id", _or_nothing(_text(r"[!-~]{1,64}"))),
    "keyExpires": ("key_expires", _or_nothing(_day)),
    "lockedUntil": ("locked_until", _or_nothing(_moment)),
    "objects": ("objects", _count(0)),
    "bytes": ("bytes", _count(0)),
    "objectsDiscarded": ("objects_discarded", _moment),
    "process": ("process", _process),
}
_CONSTANTS: Mapping[str, Mapping[str, object]] = {"certificate": {"v": 1, "type": TYPE}}
