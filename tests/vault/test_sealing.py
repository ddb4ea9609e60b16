"""Sealed parts open to what was sealed; anything else is SealBroken, whole parts and ranges alike."""

import copy
import pickle
import random
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import AlreadyFinalized
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vectors.regenerate import footage, seal_part
from vault.sealing import (
    CHUNK,
    HEADER_LENGTH,
    PART_MAX,
    DataKey,
    PartContext,
    PartReader,
    SealBroken,
    Sealer,
    open_all,
    open_part,
    open_range,
    seal,
    sealed_length,
)

KEY = DataKey(bytes(range(32)))
OTHER_KEY = DataKey(bytes(32))
RECORDING = UUID("01980000-0000-7000-8000-000000000001")
OTHER_RECORDING = UUID("01980000-0000-7000-8000-000000000002")
CONTEXT = PartContext(RECORDING, 3)
STEP = CHUNK + 16
BOUNDARIES = sorted({max(0, n * CHUNK + d) for n in range(4) for d in (-1, 0, 1)})

lengths = st.one_of(st.sampled_from(BOUNDARIES), st.integers(0, 5 * CHUNK))


def sealed_of(plaintext: bytes, context: PartContext = CONTEXT, key: DataKey = KEY) -> bytes:
    """`plaintext` sealed as one part."""
    return b"".join(seal(key, context, [plaintext]))


def opened(sealed: bytes, context: PartContext = CONTEXT, key: DataKey = KEY) -> bytes:
    """A whole part, opened by streaming."""
    return b"".join(open_part(key, context, [sealed]))


def ranged(sealed: bytes, length: int, first: int = 0, last: int | None = None) -> bytes:
    """A range (by default all) of a part said to be `length` bytes long, with the header it begins with."""
    last = length - 1 if last is None else last
    return open_range(KEY, CONTEXT, length, first, last, sealed[:HEADER_LENGTH], fetch_from(sealed))


def fetch_from(sealed: bytes) -> Callable[[int, int], bytes]:
    """What a store does: gives the bytes asked for, as far as there are any."""
    return lambda first, last: sealed[first : last + 1]


def broken_both_ways(sealed: bytes, length: int) -> None:
    """`sealed` opens neither as a stream nor as a range over all of it."""
    with pytest.raises(SealBroken):
        opened(sealed)
    with pytest.raises(SealBroken):
        ranged(sealed, length)


def flipped(sealed: bytes, bit: int) -> bytes:
    """`sealed` with one bit the other way round."""
    changed = bytearray(sealed)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


# ---- what was sealed comes back


@given(length=lengths, data=st.data())
def test_round_trip_and_ranges_equal_slices(length: int, data: st.DataObject) -> None:
    plaintext = footage(length)
    cuts = sorted(data.draw(st.lists(st.integers(0, length), max_size=4)))
    pieces = [plaintext[a:b] for a, b in zip([0, *cuts], [*cuts, length], strict=True)]
    sealed = b"".join(seal(KEY, CONTEXT, pieces))
    assert len(sealed) == sealed_length(length)

    oracle = Cobblestone256Decryptor(KEY.reveal(), CONTEXT.encode())
    assert oracle.update(sealed) + oracle.finalize() == plaintext
    cut = data.draw(st.integers(0, len(sealed)))
    assert b"".join(open_part(KEY, CONTEXT, [sealed[:cut], memoryview(sealed)[cut:]])) == plaintext
    assert ranged(sealed, length) == plaintext
    if length:
        near = [n for n in BOUNDARIES if n < length]
        first = data.draw(st.one_of(st.sampled_from(near), st.integers(0, length - 1)))
        last = data.draw(st.one_of(st.sampled_from([*near, length - 1]), st.integers(0, length - 1)))
        first, last = min(first, last), max(first, last)
        assert ranged(sealed, length, first, last) == plaintext[first : last + 1]


@given(length=lengths, salt=st.binary(min_size=24, max_size=24), index=st.integers(0, 2**32 - 1))
def test_opens_what_an_independent_writer_sealed(length: int, salt: bytes, index: int) -> None:
    context = PartContext(RECORDING, index)
    sealed = seal_part(KEY.reveal(), salt, context.encode(), footage(length))
    reader = PartReader(KEY, context, length, sealed[:HEADER_LENGTH])
    assert reader.read(0, length - 1, fetch_from(sealed)) == footage(length)
    assert opened(sealed, context) == footage(length)


@pytest.mark.parametrize("length", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 5 * CHUNK + 7])
@pytest.mark.parametrize("most", [1, CHUNK, 2 * CHUNK + 1, 100 * CHUNK])
def test_all_of_a_part_in_pieces(length: int, most: int) -> None:
    plain = random.Random(length).randbytes(length)
    sealed = b"".join(seal(KEY, CONTEXT, [plain]))

    def opened(stored: bytes) -> list[memoryview]:
        return list(open_all(KEY, CONTEXT, length, sealed[:HEADER_LENGTH], fetch_from(stored), most=most))

    pieces = opened(sealed)
    assert b"".join(pieces) == plain
    assert all(0 < len(piece) <= max(CHUNK, most) for piece in pieces)
    for at in (0, 24, len(sealed) // 2, len(sealed) - 1):
        broken = bytearray(sealed)
        broken[at] ^= 1
        for stored in (bytes(broken), sealed[:at]):
            with pytest.raises(SealBroken):
                opened(stored)


@pytest.mark.parametrize("length", [PART_MAX - 1, PART_MAX])
def test_largest_part(length: int) -> None:
    plaintext = footage(length)
    sealed = sealed_of(plaintext)
    assert len(sealed) == sealed_length(length)
    assert opened(sealed) == plaintext
    for first, last in ((0, length - 1), (length - 1, length - 1), (5 * CHUNK - 3, 9 * CHUNK + 3)):
        assert ranged(sealed, length, first, last) == plaintext[first : last + 1]


def test_no_part_is_larger() -> None:
    sealer = Sealer(KEY, CONTEXT)
    sealer.update(bytes(PART_MAX))
    with pytest.raises(ValueError, match="at most"):
        sealer.update(b"x")
    with pytest.raises(ValueError, match="at most"):
        Sealer(KEY, CONTEXT).update_into(bytes(PART_MAX + 1), bytearray(sealed_length(PART_MAX) + STEP))
    for length in (-1, PART_MAX + 1):
        with pytest.raises(ValueError, match="0 to"):
            sealed_length(length)


def test_update_into_is_update() -> None:
    plaintext = footage(2 * CHUNK + 5)
    sealer = Sealer(KEY, CONTEXT)
    buffer = bytearray(sealed_length(len(plaintext)))
    view = memoryview(buffer)
    at = sealer.update_into(plaintext[:100], view)
    at += sealer.update_into(plaintext[100:], view[at:])
    view[at:] = sealer.finish()
    assert opened(bytes(buffer)) == plaintext


def test_a_finished_part_is_not_continued() -> None:
    sealer = Sealer(KEY, CONTEXT)
    sealer.finish()
    with pytest.raises(AlreadyFinalized):
        sealer.update(b"more")


def test_sealing_twice_gives_different_bytes() -> None:
    assert sealed_of(b"same")[:HEADER_LENGTH] != sealed_of(b"same")[:HEADER_LENGTH]


# ---- a range fetches what it needs, once


@pytest.mark.parametrize(
    ("length", "first", "last", "chunks"),
    [
        (3 * CHUNK + 7, 0, 0, (0, 0)),
        (3 * CHUNK + 7, CHUNK - 1, CHUNK - 1, (0, 0)),
        (3 * CHUNK + 7, CHUNK - 1, CHUNK, (0, 1)),
        (3 * CHUNK + 7, CHUNK, 2 * CHUNK - 1, (1, 1)),
        (3 * CHUNK + 7, 3 * CHUNK + 6, 3 * CHUNK + 6, (3, 3)),
        (3 * CHUNK, 2 * CHUNK, 3 * CHUNK - 2, (2, 2)),
        (3 * CHUNK, 2 * CHUNK, 3 * CHUNK - 1, (2, 3)),
        (0, 0, -1, (0, 0)),
    ],
)
def test_one_fetch_of_only_the_chunks_needed(
    length: int, first: int, last: int, chunks: tuple[int, int]
) -> None:
    sealed = sealed_of(footage(length))
    asked: list[tuple[int, int]] = []

    def fetch(a: int, b: int) -> bytes:
        asked.append((a, b))
        return sealed[a : b + 1]

    open_range(KEY, CONTEXT, length, first, last, sealed[:HEADER_LENGTH], fetch)
    end = min(56 + (chunks[1] + 1) * STEP, len(sealed))
    assert asked == [(56 + chunks[0] * STEP, end - 1)]


@pytest.mark.parametrize(("first", "last"), [(-1, 3), (0, 10), (10, 10), (5, 4), (0, -1), (11, 10)])
def test_range_outside_the_part(first: int, last: int) -> None:
    sealed = sealed_of(bytes(10))
    with pytest.raises(ValueError, match="not within"):
        ranged(sealed, 10, first, last)


@pytest.mark.parametrize(("first", "last"), [(0, 0), (1, 0), (-1, -1)])
def test_an_empty_part_has_one_range(first: int, last: int) -> None:
    sealed = sealed_of(b"")
    assert ranged(sealed, 0) == b""
    with pytest.raises(ValueError, match="not within"):
        ranged(sealed, 0, first, last)


def test_errors_of_the_store_pass_through() -> None:
    def fetch(_first: int, _last: int) -> bytes:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        open_range(KEY, CONTEXT, 4, 0, 3, sealed_of(b"four")[:HEADER_LENGTH], fetch)


# ---- anything else is SealBroken


def test_every_flipped_bit_of_a_small_part() -> None:
    sealed = sealed_of(b"bodycam")
    for bit in range(8 * len(sealed)):
        broken_both_ways(flipped(sealed, bit), 7)


def flips(length: int) -> Iterator[int]:
    """Bits of a larger part: header, both ends of every chunk with its tag, and some in between."""
    yield from range(8 * HEADER_LENGTH)
    chooser = random.Random(length)
    for start in range(HEADER_LENGTH, length, STEP):
        end = min(start + STEP, length)
        yield from range(8 * start, 8 * min(start + 2, end))
        yield from range(8 * max(start, end - 18), 8 * end)
        yield from (chooser.randrange(8 * start, 8 * end) for _ in range(50))


@pytest.mark.parametrize("length", [2 * CHUNK, 2 * CHUNK + 9])
def test_flipped_bits_of_a_larger_part(length: int) -> None:
    sealed = sealed_of(footage(length))
    for bit in flips(len(sealed)):
        broken_both_ways(flipped(sealed, bit), length)


def test_a_range_finds_a_flip_in_each_chunk_it_reads() -> None:
    length = 3 * CHUNK + 9
    plaintext = footage(length)
    sealed = sealed_of(plaintext)
    for chunk in range(4):
        changed = flipped(sealed, 8 * (HEADER_LENGTH + chunk * STEP + 4))
        for touched in range(4):
            first = touched * CHUNK + 2
            if touched == chunk:
                with pytest.raises(SealBroken):
                    ranged(changed, length, first, first)
            else:
                assert ranged(changed, length, first, first) == plaintext[first : first + 1]


@pytest.mark.parametrize("length", [CHUNK, CHUNK + 40])
def test_every_truncation(length: int) -> None:
    sealed = sealed_of(footage(length))
    reader = PartReader(KEY, CONTEXT, length, sealed[:HEADER_LENGTH])
    for kept in range(len(sealed)):
        with pytest.raises(SealBroken):
            opened(sealed[:kept])
        with pytest.raises(SealBroken):
            reader.read(0, length - 1, fetch_from(sealed[:kept]))


def test_a_store_that_gives_more_or_other_bytes_than_asked() -> None:
    sealed = sealed_of(footage(CHUNK + 40))
    header = sealed[:HEADER_LENGTH]
    for fetch in (
        lambda a, b: sealed[a : b + 2] + b"x",
        lambda a, b: sealed[a : b + 1] + b"x",
        lambda a, b: bytes(b + 1 - a),
        lambda _a, _b: b"",
        lambda a, b: sealed[a : b - 20] + bytes(21),
    ):
        with pytest.raises(SealBroken):
            open_range(KEY, CONTEXT, CHUNK + 40, 0, CHUNK, header, fetch)


@pytest.mark.parametrize("length", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 100])
def test_the_end_is_proven_whatever_length_we_were_told(length: int) -> None:
    sealed = sealed_of(footage(length))
    for told in {*BOUNDARIES, length - 1, length + 1, length + 16, length + CHUNK} - {length, -1}:
        with pytest.raises(SealBroken):
            ranged(sealed, told)
        if told:
            with pytest.raises(SealBroken):
                ranged(sealed, told, told - 1, told - 1)


@pytest.mark.parametrize("extra", [1, 16, 17, STEP])
def test_appended_bytes(extra: int) -> None:
    for length in (0, 10, CHUNK):
        with pytest.raises(SealBroken):
            opened(sealed_of(footage(length)) + bytes(extra))


@pytest.mark.parametrize(("one", "two"), [(0, 1), (1, 2), (0, 2)])
def test_reordered_or_doubled_chunks(one: int, two: int) -> None:
    length = 3 * CHUNK + 5
    sealed = sealed_of(footage(length))
    header, chunks = sealed[:HEADER_LENGTH], [sealed[56 + k * STEP :][:STEP] for k in range(4)]
    doubled = chunks.copy()
    doubled[two] = chunks[one]
    broken_both_ways(header + b"".join(doubled), length)
    chunks[one], chunks[two] = chunks[two], chunks[one]
    broken_both_ways(header + b"".join(chunks), length)
    removed = chunks[:one] + chunks[one + 1 :]
    broken_both_ways(header + b"".join(removed), length - CHUNK)


def test_a_chunk_of_another_part_under_the_same_key() -> None:
    length = 2 * CHUNK + 5
    ours, theirs = sealed_of(footage(length)), sealed_of(footage(length), PartContext(RECORDING, 4))
    for k in range(3):
        start, end = 56 + k * STEP, min(56 + (k + 1) * STEP, len(ours))
        broken_both_ways(ours[:start] + theirs[start:end] + ours[end:], length)


@pytest.mark.parametrize(
    ("key", "context"),
    [
        (OTHER_KEY, CONTEXT),
        (KEY, PartContext(RECORDING, 4)),
        (KEY, PartContext(RECORDING, 3 | 1 << 8)),
        (KEY, PartContext(RECORDING, 3 | 1 << 31)),
        (KEY, PartContext(OTHER_RECORDING, 3)),
    ],
)
@pytest.mark.parametrize("length", [0, 5, CHUNK])
def test_under_another_key_or_in_another_place(key: DataKey, context: PartContext, length: int) -> None:
    sealed = sealed_of(footage(length))
    with pytest.raises(SealBroken):
        opened(sealed, context, key)
    with pytest.raises(SealBroken):
        PartReader(key, context, length, sealed[:HEADER_LENGTH])


def test_the_context_is_what_the_library_gets() -> None:
    encryptor = Cobblestone256Encryptor(KEY.reveal(), b"another purpose" + CONTEXT.encode())
    sealed = encryptor.update(b"x") + encryptor.finalize()
    broken_both_ways(sealed, 1)


@pytest.mark.parametrize("length", [0, 24, 55, 57])
def test_a_header_of_another_length(length: int) -> None:
    sealed = sealed_of(bytes(100))
    with pytest.raises(SealBroken):
        PartReader(KEY, CONTEXT, 100, sealed[:length])


@settings(max_examples=50)
@given(sealed=st.binary(max_size=200), length=st.integers(0, 150))
def test_noise(sealed: bytes, length: int) -> None:
    broken_both_ways(sealed, length)


# ---- a data key is not shown


def test_data_key_hides() -> None:
    key = DataKey(b"S" * 32)
    for shown in (repr(key), str(key), f"{key}", f"{[key]}"):
        assert shown.strip("[]") == "DataKey(…)"
    for take_out in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError):
            take_out(key)
    assert not hasattr(key, "__dict__")


def test_data_keys_are_random_and_compare() -> None:
    assert DataKey.generate() != DataKey.generate()
    assert DataKey(bytes(32)) == DataKey(bytes(32))
    assert DataKey(bytes(32)) != bytes(32)
    for length in (0, 16, 31, 33):
        with pytest.raises(ValueError, match="32 bytes"):
            DataKey(bytes(length))
