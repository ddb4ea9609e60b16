"""Plaintext in ranges across sealed parts: exact, in small pieces, and never a byte that was not sealed."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.watching import footage
from vault import footage as room
from vault.footage import Footage, PartAt, RangeOutside
from vault.ids import new_id
from vault.sealing import HEADER_LENGTH, DataKey, PartContext, SealBroken, seal

LENGTHS = [70_000, 1, 16_384, 40_000, 16_383]
PLAIN = footage(sum(LENGTHS))


class Shelf:
    """Sealed parts in memory."""

    at_hand = True

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.fetched: Counter[str] = Counter()

    def fetch(self, name: str, first: int, last: int) -> bytes:
        self.fetched[name] += last - first + 1
        found = self.objects[name][first : last + 1]
        assert len(found) == last - first + 1, "asked beyond the object"
        return found

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


def sealed(lengths: list[int]) -> tuple[Footage, Shelf]:
    shelf, key, recording, parts, first = Shelf(), DataKey.generate(), new_id(), [], 0
    for index, length in enumerate(lengths):
        body = b"".join(seal(key, PartContext(recording, index), [PLAIN[first : first + length]]))
        shelf.objects[str(index)] = body
        parts.append(PartAt(index, first, length, str(index), body[:HEADER_LENGTH]))
        first += length
    return Footage(shelf, recording, key, parts), shelf


ONE, SHELF = sealed(LENGTHS)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_every_range_is_exact(data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(PLAIN) - 1))
    last = data.draw(st.integers(first, len(PLAIN) - 1))
    assert b"".join(ONE.read(first, last)) == PLAIN[first : last + 1]


def test_pieces_are_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "PIECE", 20_000)
    # All of a part is opened chunk by chunk, the rest of one as it is asked for.
    for first, longest in ((0, 16_384), (1, 20_000)):
        pieces = list(ONE.read(first, len(PLAIN) - 1))
        assert max(map(len, pieces)) == longest
        assert b"".join(pieces) == PLAIN[first:]


def test_only_what_is_needed_is_fetched() -> None:
    SHELF.fetched.clear()
    assert b"".join(ONE.read(50_000, 50_009)) == PLAIN[50_000:50_010]
    assert set(SHELF.fetched) == {"0"}
    assert SHELF.fetched["0"] <= 2 * (16_384 + 16)


@pytest.mark.parametrize("span", [(-1, 0), (0, len(PLAIN)), (5, 4), (len(PLAIN), len(PLAIN))])
def test_a_range_outside_is_refused(span: tuple[int, int]) -> None:
    with pytest.raises(RangeOutside):
        list(ONE.read(*span))


def test_without_parts_there_is_nothing() -> None:
    empty, _ = sealed([])
    assert empty.length == 0
    with pytest.raises(RangeOutside):
        list(empty.read(0, 0))


def test_parts_that_changed_places_are_broken() -> None:
    one, shelf = sealed([30_000, 30_000])
    shelf.objects["0"], shelf.objects["1"] = shelf.objects["1"], shelf.objects["0"]
    with pytest.raises(SealBroken):
        list(one.read(0, 9))


def test_another_sealing_of_the_same_part_is_not_that_part() -> None:
    """Of two senders one has its part committed; what the other sealed is never shown in its place."""
    one, shelf = sealed([30_000])
    body = seal(one._key, PartContext(one.recording, 0), [bytes(30_000)])
    shelf.objects["0"] = b"".join(body)
    for first in (0, 1):  # all of the part, and a range of it
        with pytest.raises(SealBroken):
            list(one.read(first, 29_999))


def _gather(pieces: Iterable[memoryview], shown: bytearray) -> None:
    for piece in pieces:
        shown += piece


def test_what_came_before_the_damage_is_right() -> None:
    one, shelf = sealed([30_000, 30_000])
    body = bytearray(shelf.objects["1"])
    body[-1] ^= 1
    shelf.objects["1"] = bytes(body)
    for first in (0, 1):  # all of the first part, and a range of it
        shown = bytearray()
        with pytest.raises(SealBroken):
            _gather(one.read(first, 59_999), shown)
        assert PLAIN[first:30_000] == shown[: 30_000 - first]
        assert PLAIN[first:].startswith(shown)
