"""What is written canonically is what RFC 8785 says: a full implementation of it is the oracle."""

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from vault.canonical import Plain, canonical

names = st.text(st.characters(max_codepoint=127), max_size=8)
texts = st.text(max_size=20)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=20,
)


@given(plain)
def test_it_is_the_form_of_the_standard(value: Plain) -> None:
    assert canonical(value) == rfc8785.dumps(value)


def test_every_character_is_written_as_the_standard_has_it() -> None:
    everything = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x110000)]))
    assert canonical(everything) == rfc8785.dumps(everything)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        canonical({"name": "\ud83d"})
