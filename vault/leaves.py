"""Leaves and payloads taken for what they are only when they are that: whoever reads the log on meets every
row there is, also one that somebody else than `vault.audit` wrote. It must hide nothing of the others.
"""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from vault.tables import AuditEntry

_TEXTS = frozenset({"id", "type", "op", "epoch", "actor", "corr", "c"})
"""What every leaf has (docs/design.md), besides `v` and `t`."""
_OTHER_TEXTS = ("org", "obj", "subj", "dec", "pol", "regime", "purpose", "par")
_LATEST = 253_402_300_799_000
"""The end of the year 9999, in milliseconds."""
_NO_TRACE = f"{'0' * 32}/{'0' * 16}"
_IDS = ("grant", "requester", "holder")
_WRITTEN = ("reason", "caseReference", "recipient", "purpose", "serial")


def read_leaf(leaf: bytes) -> dict[str, Any] | None:
    """What a leaf says; None when these bytes are no leaf."""
    try:
        told = json.loads(leaf)
    except (ValueError, RecursionError):
        return None
    return told if _is_leaf(told) else None


def leaf_of(entry: AuditEntry) -> dict[str, Any]:
    """What an entry's leaf says. Where its bytes are no leaf, what its row says, and no commitment `c`: so it
    is found and told as damaged, by the nightly check too, and keeps nobody from what comes after it."""
    told = read_leaf(entry.leaf)
    if told is not None:
        return told
    row = {
        "id": str(entry.id),
        "t": int(entry.at.timestamp() * 1000),
        "type": entry.event,
        "op": "system",
        "org": entry.municipality_id,
        "epoch": "",
        "actor": entry.actor,
        "obj": entry.object,
        "corr": _NO_TRACE,
    }
    return {name: value for name, value in row.items() if value is not None}


def is_payload(content: object) -> bool:
    """Whether this has the form of a payload: who did it, to what, and details that can be looked for."""
    if not isinstance(content, dict):
        return False
    parts: list[Any] = [content.get(name) for name in ("actor", "object", "details")]
    actor, thing, details = parts
    return (
        isinstance(actor, dict)
        and _is_named(actor)
        and isinstance(actor.get("name"), str)
        and _are_texts(actor.get("roles"))
        and (thing is None or _is_named(thing))
        and isinstance(details, dict)
        and all(details.get(name) is None or is_id(details[name]) for name in _IDS)
        and all(isinstance(details.get(name), str | None) for name in _WRITTEN)
        and _are_texts(details.get("shown") or [])
    )


def is_id(text: object) -> bool:
    """Whether this is an id of ours: what an entry says it is about may be any text."""
    try:
        return isinstance(text, str) and bool(UUID(text))
    except ValueError:
        return False


def _is_leaf(told: object) -> bool:
    return (
        isinstance(told, dict)
        and all(isinstance(told.get(name), str) for name in _TEXTS)
        and all(isinstance(told[name], str) for name in _OTHER_TEXTS if name in told)
        and isinstance(told.get("t"), int)
        and 0 <= told["t"] <= _LATEST
        and _are_texts(told.get("why", []))
        and isinstance(told.get("facts", {}), dict)
        and ("prev" not in told or is_id(told["prev"]))
        and ("dec" not in told or {"org", "pol"} <= told.keys() or _is_about_nothing(told))
    )


def _is_about_nothing(told: Mapping[str, Any]) -> bool:
    """A question about what is not there: denied under no rules, in no municipality (`vault.evaluations`)."""
    return told["type"] == "decision.evaluated" and told["dec"] == "deny" and not {"org", "pol"} & told.keys()


def _is_named(part: Any) -> bool:
    return isinstance(part, Mapping) and all(isinstance(part.get(name), str) for name in ("kind", "id"))


def _are_texts(listed: object) -> bool:
    return isinstance(listed, list) and all(isinstance(each, str) for each in listed)
