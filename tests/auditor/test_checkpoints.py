"""Checkpoints are read in their one form only, and only when the log itself signed."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditor import notes
from auditor.checkpoints import Checkpoint, open_checkpoint
from auditor.merkle import EMPTY_ROOT
from auditor.notes import COSIGNATURE, NoteBroken, VerifierKey
from tests.logs import ORIGIN, Log

ROOT = base64.b64encode(b"r" * 32).decode()


def test_what_is_written_is_read() -> None:
    written = Checkpoint("example/log", 7, b"r" * 32, ("more",))
    assert Checkpoint.parse(written.text) == written
    assert written.text == f"example/log\n7\n{ROOT}\nmore\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"o\n7\n{ROOT}",
        "o\n7\n",
        f"\n7\n{ROOT}\n",
        f"o\n07\n{ROOT}\n",
        f"o\n+7\n{ROOT}\n",
        f"o\n-7\n{ROOT}\n",
        f"o\n\u0667\n{ROOT}\n",
        f"o\n{10**18}\n{ROOT}\n",
        f"o\n0\n{ROOT}\n",
        f"o\n7\n{ROOT[4:]}\n",
        f"o\n7\n{ROOT[:-2]}J=\n",
        f"o\n7\n{ROOT}\n\n",
    ],
)
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(NoteBroken):
        Checkpoint.parse(text)


def test_an_empty_log_has_a_checkpoint_too() -> None:
    log = Log()
    assert open_checkpoint(log.signed(0, EMPTY_ROOT), log.key).checkpoint.size == 0


def test_a_checkpoint_of_another_log_by_the_same_key_is_refused() -> None:
    log = Log()
    text = f"another\n7\n{ROOT}\n"
    note = notes.join(text, [notes.sign(text, ORIGIN, log.private)])
    with pytest.raises(NoteBroken, match="another log"):
        open_checkpoint(note, log.key)


def test_a_witness_does_not_stand_in_for_the_log() -> None:
    log, private = Log(), Ed25519PrivateKey.generate()
    witness = VerifierKey.of("or.example", COSIGNATURE, private)
    text = f"{ORIGIN}\n7\n{ROOT}\n"
    cosigned = notes.join(text, [notes.cosign(text, "or.example", private, at=9)])
    with pytest.raises(NoteBroken, match="not signed by"):
        open_checkpoint(cosigned, log.key, [witness])
    both = notes.append(log.signed(7, b"r" * 32), notes.cosign(text, "or.example", private, at=9))
    assert open_checkpoint(both, log.key, [witness]).cosigned_at == {witness: 9}
    with pytest.raises(NoteBroken, match="exchanged"):
        open_checkpoint(both, witness, [log.key])
