"""What the log's entries must be: canonical JSON (RFC 8785), as docs/design.md says under "The audit entry".

The table below says what each member looks like in its canonical form. Joined in order it is one pattern for
the whole leaf, and an ordinary one is judged by that alone, many times faster than by reading the JSON. What
does not match is read, written anew and compared, member by member, to say what is wrong with it: or nothing,
as with a text that needs an escape.
"""

import json
import re
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID

from auditor import tiles

ID_SIZE = 16
_DIGITS, _HEX = b"0123456789", b"0123456789abcdef"

# Bytes of canonical JSON. Numbers have at most fifteen digits, so that every reader of JSON reads the same.
_TEXT = rb'"(?:[^"\\\x00-\x1f]|\\.)*"'
_PLAIN_TEXT = rb'"[ !#-\[\]-~]*+"'
"""A text in which nothing needs an escape: one run of bytes, which is what makes the pattern fast."""
_NUMBER = rb"(?:0|-?[1-9][0-9]{0,14})"
_COUNT = rb"(?:0|[1-9][0-9]{0,14})"
_UUID = rb'"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"'
# Names in letters of ASCII: there the order of RFC 8785 is that of the bytes.
_NAME = rb'"[A-Za-z][A-Za-z0-9]*"'
_PLAIN_NAME = rb'"[A-Za-z]++[0-9]*+"'
_FACT = _NAME + rb":(?:" + _TEXT + rb"|" + _NUMBER + rb"|true|false)"


def _hex(digits: int) -> bytes:
    return rb'"[0-9a-f]{%d}"' % digits


class Member(NamedTuple):
    """One member of a leaf: what it looks like, and whether it may be left out."""

    form: bytes
    optional: bool = False


MEMBERS = {
    "actor": Member(_hex(32)),
    "c": Member(_hex(64)),
    "corr": Member(rb'"[0-9a-f]{32}/[0-9a-f]{16}"'),
    "dec": Member(rb'"(?:allow|deny)"', optional=True),
    "epoch": Member(_TEXT),
    "facts": Member(rb"\{" + _FACT + rb"(?:," + _FACT + rb")*\}", optional=True),
    "id": Member(_UUID),
    "obj": Member(_hex(32), optional=True),
    "op": Member(rb'"(?:alter|collect|combine|consult|disclose|erase|system)"'),
    "org": Member(_TEXT, optional=True),
    "par": Member(_hex(16), optional=True),
    "pol": Member(_hex(64), optional=True),
    "prev": Member(_UUID, optional=True),
    "purpose": Member(_TEXT, optional=True),
    "regime": Member(rb'"(?:avg|wpg)"', optional=True),
    "subj": Member(_hex(32), optional=True),
    "t": Member(_COUNT),
    "type": Member(rb'"[a-z]+(?:-[a-z]+)*\.[a-z]+"'),
    "v": Member(rb"1"),
    "why": Member(rb"\[" + _TEXT + rb"(?:," + _TEXT + rb")*\]", optional=True),
}
"""In the order of canonical JSON, which is that of the names."""


class LeafBroken(Exception):
    """An entry is not what docs/design.md says, or not in its canonical form."""


@dataclass(frozen=True)
class Survey:
    """A bundle's entries, and what the verifier needs to know of them."""

    entries: list[bytes]
    ids: bytes
    """Joined, in order; zeros in the place of an entry that is broken."""
    types: Counter[str]
    broken: list[tuple[int, str]] = field(default_factory=list)
    """Which of the entries are not as they must be, and what is wrong."""


def survey(bundle: bytes, width: int) -> Survey:
    """Read a bundle of `width` entries. Raises BundleBroken."""
    found = _FRAMED.findall(bundle)
    # A column for each group of the pattern; an optional member that is left out is empty there.
    columns = list(zip(*found, strict=True)) if len(found) == width else [()] * (2 + len(_ASKED))
    frames, entries, *asked = columns
    lengths = [len(entry) for entry in entries]
    # What was found is the whole bundle when nothing is left between, before or behind.
    whole = sum(lengths, 2 * width) == len(bundle) and b"".join(frames) == struct.pack(f">{width}H", *lengths)
    told = dict(zip(_ASKED, asked, strict=True))
    if whole and _in_hex(told) and all(map(_in_order, _bare(told["facts"]))):
        return Survey(list(entries), _joined(told["id"]), _counted(told["type"]))
    return _survey_slowly(tiles.entries_in(bundle, width))


def read(entry: bytes) -> tuple[UUID, str]:
    """Id and type of one entry. Raises LeafBroken."""
    entry_id, kind = _read(entry)
    return UUID(entry_id.decode()), kind[1:-1].decode()


def _survey_slowly(entries: list[bytes]) -> Survey:
    ids, types, broken = [], [], []
    for at, entry in enumerate(entries):
        try:
            entry_id, kind = _read(entry)
        except LeafBroken as error:
            broken.append((at, str(error)))
            ids.append(b"00" * ID_SIZE)
        else:
            ids.append(entry_id)
            types.append(kind)
    return Survey(entries, _joined(ids), _counted(types), broken)


def _joined(ids: Iterable[bytes]) -> bytes:
    return bytes.fromhex(b"".join(ids).translate(None, b"-").decode())


def _counted(types: Iterable[bytes]) -> Counter[str]:
    return Counter({kind[1:-1].decode(): number for kind, number in Counter(types).items()})


def _read(entry: bytes) -> tuple[bytes, bytes]:
    """Id and type of an entry, as they stand there. Raises LeafBroken, with all that is wrong with it."""
    try:
        leaf = json.loads(entry.decode("utf-8"), parse_float=_no_number, parse_constant=_no_number)
        canonical = _written(leaf)
    # RecursionError: brackets within brackets; ValueError: also what is no UTF-8 and what is no JSON.
    except (ValueError, RecursionError):
        raise LeafBroken("not JSON of texts and whole numbers") from None
    if canonical != entry:
        raise LeafBroken("not in canonical form (RFC 8785)")
    if not isinstance(leaf, dict):
        raise LeafBroken("not an object")
    if complaints := list(_complaints(leaf)):
        raise LeafBroken("; ".join(complaints))
    return leaf["id"].encode(), _written(leaf["type"])


def _complaints(leaf: dict[str, Any]) -> Iterator[str]:
    for name, member in MEMBERS.items():
        if name in leaf:
            if not _FORMS[name].fullmatch(_written(leaf[name])):
                yield f"{name} is not what it must be"
        elif not member.optional:
            yield f"{name} is missing"
    for name in leaf.keys() - MEMBERS.keys():
        yield f"{name[:40]!r} is no member of version 1"


def _written(value: object) -> bytes:
    """`value` as canonical JSON: right for texts, whole numbers, and names in ASCII."""
    return _ENCODER.encode(value).encode()


def _in_hex(told: Mapping[str, Sequence[bytes]]) -> bool:
    """Whether what must be hexadecimal is, and nothing else stands among it but what must."""
    for names, mark in _HEX_MEMBERS.items():
        values = [value for name in names for value in told[name] if value]
        if b"".join(values).translate(None, _HEX) != mark * len(values):
            return False
    return True


def _bare(facts: Sequence[bytes]) -> set[bytes]:
    """Without its numbers, what one entry tells is often the same as what another does."""
    return {told.translate(None, _DIGITS) for told in facts}


def _in_order(bare: bytes) -> bool:
    """Whether the names in ordinary facts, `bare` of digits, are in canonical order and each there once.

    Digits stand at the end of their names only, so that the order without them is the order with them.
    """
    return all(first < second for first, second in pairwise(_NAMES.findall(bare)))


def _no_number(text: str) -> None:
    raise ValueError(f"{text[:40]} is no whole number")


def _framed() -> re.Pattern[bytes]:
    """An ordinary leaf in its bundle: its length, itself, and what is asked of its members.

    Any character but a quote stands for a hexadecimal digit here, for that is several times faster to match;
    `_in_hex` looks at all of them at once.
    """
    parts: list[bytes] = []
    for name, member in MEMBERS.items():
        form = member.form.replace(_TEXT, _PLAIN_TEXT).replace(_NAME, _PLAIN_NAME)
        form = form.replace(b"[0-9a-f]", b'[^"]')
        if name in _IN_QUOTES:
            form = b'"(' + form[1:-1] + b')"'
        elif name in _ASKED:
            form = b"(" + form + b")"
        part = (b"," if parts else b"") + b'"' + name.encode() + b'":(?:' + form + b")"
        # Possessive: a member is there or it is not, and nothing is gained by trying again.
        parts.append(b"(?:" + part + b")?+" if member.optional else part)
    return re.compile(rb"(?s:(..))(\{" + b"".join(parts) + rb"\})")


_HEX_MEMBERS = {("actor", "c", "obj", "par", "pol", "subj"): b"", ("corr",): b"/", ("id", "prev"): b"----"}
"""What is left of these without hexadecimal digits."""
_IN_QUOTES = {name for names in _HEX_MEMBERS for name in names}
_ASKED = tuple(name for name in MEMBERS if name in _IN_QUOTES | {"facts", "type"})
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_FORMS = {name: re.compile(member.form, re.DOTALL) for name, member in MEMBERS.items()}
# In what matched, a quote is never inside a text, and no text stands before a colon but a name.
_NAMES = re.compile(rb'"([A-Za-z]+)":')
_FRAMED = _framed()
