"""Whether an entry is in the log, and how it is told when it is not: shared by whatever leads to the log."""

import enum
from collections.abc import Sequence

from auditor import proofs
from auditor.checkpoints import Signed
from auditor.language import Text
from auditor.merkle import ProofBroken
from auditor.notes import NoteBroken, VerifierKey

NOT_SIGNED = Text(
    "Het controlepunt (checkpoint) in het bewijs is niet geldig ondertekend door dit log.",
    "The checkpoint in the proof is not validly signed by this log.",
)
NOT_SHOWN = Text(
    "Het bewijs toont niet dat deze regel in het log staat.",
    "The proof does not show that this entry is in the log.",
)


class Broken(Exception):
    """A statement, its entry and its proof do not show together what they should."""

    def __init__(self, flaw: enum.Enum, detail: str) -> None:
        """`flaw`: its value is the `Text` for people; `detail`: in English, for who will look into it."""
        super().__init__(f"{flaw.value.en} ({detail})")
        self.flaw = flaw
        self.detail = detail


class NotInLog(Exception):
    """An entry is not proven to be in the log. `text` is for people, `detail` for who will look into it."""

    def __init__(self, text: Text, detail: str) -> None:
        super().__init__(f"{text.en} ({detail})")
        self.text = text
        self.detail = detail


def in_log(
    leaf: bytes, proof_text: bytes, log: VerifierKey, witnesses: Sequence[VerifierKey] = ()
) -> tuple[proofs.Proof, Signed]:
    """The proof that the entry `leaf` is in `log`, and the checkpoint it leads to. Raises NotInLog."""
    try:
        proof = proofs.parse(proof_text)
        return proof, proofs.verify(proof, leaf, log, witnesses)
    except NoteBroken as broken:
        raise NotInLog(NOT_SIGNED, str(broken)) from None
    except ProofBroken as broken:
        raise NotInLog(NOT_SHOWN, str(broken)) from None
