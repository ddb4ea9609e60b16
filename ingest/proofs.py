"""The proof behind a receipt: that the entry which accounts for a recording is in the log outsiders check.

A receipt is a promise, made at the commit point; a few seconds later the entry has its number, and the dock
can fetch what keeps the promise: the receipt, the entry, and a proof of it that verifies offline
(`auditor.receipts`). Of the trail ingest can read only the entries that receipts name, through the view
`receipt_leaf`.
"""

import base64
from uuid import UUID

from sqlalchemy import LargeBinary, Uuid, column, select, table

from ingest.intake import Intake
from ingest.receipts import claims_of
from vault.ids import RecordingId
from vault.log import reading
from vault.tables import Arrival

_LEAVES = table("receipt_leaf", column("id", Uuid), column("leaf", LargeBinary))


class NotYet(Exception):
    """There is no receipt yet, or its entry has no number in the log yet: ask again in a few seconds."""


class Pruned(Exception):
    """The entry's term is over, and it is gone: proofs that were fetched before still verify."""


def prove(intake: Intake, recording: RecordingId) -> dict[str, str]:
    """A recording's receipt, the entry it names (base64) and the proof of that. Raises NotYet and Pruned."""
    with intake.database.reading() as session:
        receipt = session.get_one(Arrival, recording).receipt
        if receipt is None:
            raise NotYet
        # Of a recording that was kept before, it is that one's.
        entry = UUID(claims_of(receipt)["auditEntry"])
        leaf = session.scalar(select(_LEAVES.c.leaf).where(_LEAVES.c.id == entry))
        if leaf is None:
            raise Pruned
        try:
            proof = reading.proof_of(session, entry)
        except reading.NotNumbered:
            raise NotYet from None
    return {"receipt": receipt, "leaf": base64.b64encode(leaf).decode(), "proof": bytes(proof).decode()}
