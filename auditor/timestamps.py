"""When a checkpoint was there at the latest, by the word of a timestamp authority (RFC 3161).

A witness says that it saw a checkpoint; an authority that is trusted by law (eIDAS, art. 41) says when. It
sees a hash and nothing else. What it signed stands beside the export, with the checkpoint as it was then:

    timestamps/<size>-<first 16 digits of the root>.checkpoint
    timestamps/<size>-<first 16 digits of the root>.tsr          openssl ts -verify reads it

The library is an extra: `rfc3161-client`.
"""

from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from cryptography import x509

from auditor import tiles
from auditor.checkpoints import open_checkpoint
from auditor.notes import MOST_BYTES, VerifierKey
from auditor.reading import Absent, Folder, Unreadable, Web
from auditor.witness import write_durably

FOLDER = "timestamps"
QUERY = "application/timestamp-query"
_MOST_ANSWER = 64 * 1024


class TimestampRefused(Exception):
    """No timestamp that holds under the certificates that were given."""


def timestamp(folder: Path, log: VerifierKey, authority: Web, roots: bytes) -> tuple[Path, datetime]:
    """Have the checkpoint of the export in `folder` timestamped; where the token is, and what it says.

    `roots`: certificates in PEM, of which the authority's must descend. What was timestamped before is not
    again. Raises TimestampRefused, NoteBroken, Unreadable.
    """
    client = _client()
    try:
        note = Folder(folder).fetch(tiles.CHECKPOINT, MOST_BYTES)
    except Absent:
        raise Unreadable(f"there is no checkpoint in {folder}") from None
    head = open_checkpoint(note, log).checkpoint
    token = folder / FOLDER / f"{head.size}-{head.root.hex()[:16]}.tsr"
    stamped = token.with_suffix(".checkpoint")
    if token.exists():
        return token, verify(stamped.read_bytes(), token.read_bytes(), roots)
    request = client.TimestampRequestBuilder().data(note).build()
    try:
        answer = authority.post("", request.as_bytes(), _MOST_ANSWER, kind=QUERY)
    except Absent as absent:
        raise Unreadable(f"{absent}: no timestamp authority") from None
    moment = verify(note, answer, roots, asked=request)
    write_durably(stamped, note)
    write_durably(token, answer)
    return token, moment


def verify(note: bytes, token: bytes, roots: bytes, *, asked: Any = None) -> datetime:
    """The moment at which `note` was there, by `token`. Raises TimestampRefused.

    `asked`: the request that it must be the answer to, and not to an earlier one.
    """
    client = _client()
    try:
        builder = client.VerifierBuilder.from_request(asked) if asked else client.VerifierBuilder()
        for root in x509.load_pem_x509_certificates(roots):
            builder = builder.add_root_certificate(root)
        answer = client.decode_timestamp_response(token)
        builder.build().verify_message(answer, note)
        moment: datetime = answer.tst_info.gen_time
    except (client.VerificationError, ValueError) as error:
        raise TimestampRefused(str(error)) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _client() -> ModuleType:
    try:
        import rfc3161_client
    except ImportError:
        raise TimestampRefused("install the extra: pip install 'bodycam-vault[timestamp]'") from None
    return rfc3161_client
