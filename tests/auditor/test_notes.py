"""Signed notes: examples of the specification and of Go, and what is refused."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditor import notes
from auditor.notes import COSIGNATURE, ED25519, NoteBroken, VerifierKey

# From the documentation of golang.org/x/mod/sumdb/note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
TEXT = "example/log\n1\nAAAA\n"


def key(name: str = "example/log", kind: int = ED25519) -> VerifierKey:
    return VerifierKey.of(name, kind, PRIVATE)


def signed(text: str = TEXT, name: str = "example/log") -> bytes:
    return notes.join(text, [notes.sign(text, name, PRIVATE)])


def test_a_note_of_the_go_documentation_is_opened() -> None:
    opened = notes.open_note(GO_NOTE, [VerifierKey.parse(GO_KEY)])
    assert opened.text.endswith("your problem is.\n")
    assert str(VerifierKey.parse(GO_KEY)) == GO_KEY


@pytest.mark.parametrize("at", range(0, len(GO_NOTE), 3))
def test_one_flipped_bit_spoils_it(at: int) -> None:
    flipped = bytearray(GO_NOTE)
    flipped[at] ^= 1
    with pytest.raises(NoteBroken):
        notes.open_note(bytes(flipped), [VerifierKey.parse(GO_KEY)])


def test_what_was_signed_is_opened() -> None:
    opened = notes.open_note(signed(), [key()])
    assert (opened.text, opened.signed, opened.cosigned_at) == (TEXT, frozenset({key()}), {})


def test_a_cosignature_tells_when() -> None:
    witness = key("or.example", COSIGNATURE)
    note = notes.append(signed(), notes.cosign(TEXT, "or.example", PRIVATE, at=1_700_000_000))
    opened = notes.open_note(note, [key(), witness])
    assert opened.cosigned_at == {witness: 1_700_000_000}
    moved = note.replace(
        note.rsplit(b" ", 1)[1], notes.cosign(TEXT, "x", PRIVATE, at=5).split(" ")[2].encode()
    )
    with pytest.raises(NoteBroken, match="no signature of a known key"):
        notes.open_note(moved, [witness])


def test_a_new_cosignature_replaces_the_one_before() -> None:
    note = notes.append(signed(), notes.cosign(TEXT, "or.example", PRIVATE, at=1))
    again = notes.append(note, notes.cosign(TEXT, "or.example", PRIVATE, at=2))
    assert len(notes.split(again)[1]) == 2
    assert notes.open_note(again, [key("or.example", COSIGNATURE)]).cosigned_at.popitem()[1] == 2


def test_a_signature_by_nobody_known_says_nothing() -> None:
    with pytest.raises(NoteBroken, match="no signature of a known key"):
        notes.open_note(signed(), [key("another")])


def test_a_log_and_a_witness_of_one_key_do_not_vouch_for_each_other() -> None:
    with pytest.raises(NoteBroken):
        notes.open_note(signed(), [key(kind=COSIGNATURE)])


def test_a_signature_that_does_not_hold_spoils_the_note_beside_one_that_does() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    forged = notes.sign("other\n", "second", other)
    note = notes.join(TEXT, [notes.sign(TEXT, "example/log", PRIVATE), forged])
    keys = [key(), VerifierKey.of("second", ED25519, other)]
    with pytest.raises(NoteBroken, match="second does not hold"):
        notes.open_note(note, keys)


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"text\n\n\n",
        signed()[:-1],
        signed() + b"\n",
        signed() + "\u2014 name\n".encode(),
        signed() + "\u2014 name AAAA\n".encode(),
        signed() + b"- name AAAAAAAA\n",
        signed().replace(b"log", b"l\x01g"),
        signed().replace(b"log", b"l\xffg"),
        signed().replace(b"\n", b"\r\n"),
        signed()[:-2] + b"B=\n",
        b"x" * (notes.MOST_BYTES + 1),
        TEXT.encode() + b"\n" + 101 * notes.sign(TEXT, "a", PRIVATE).encode(),
    ],
)
def test_what_is_no_signed_note_is_refused(note: bytes) -> None:
    with pytest.raises(NoteBroken):
        notes.open_note(note, [key()])


def test_a_text_may_hold_empty_lines() -> None:
    assert notes.open_note(signed("a\n\nb\n"), [key()]).text == "a\n\nb\n"


@pytest.mark.parametrize("text", ["", "no newline", "tab\t\n", "null\0\n"])
def test_what_cannot_be_a_text_is_not_signed(text: str) -> None:
    with pytest.raises(NoteBroken):
        notes.sign(text, "example/log", PRIVATE)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b"])
def test_what_cannot_be_a_name_gets_no_key(name: str) -> None:
    with pytest.raises(NoteBroken):
        VerifierKey.of(name, ED25519, PRIVATE)


@pytest.mark.parametrize(
    "text", ["", "name", "name+12345678+AAAA", GO_KEY.replace("c74f", "c74e"), GO_KEY.replace("ARpc", "BRpc")]
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(NoteBroken):
        VerifierKey.parse(text)
