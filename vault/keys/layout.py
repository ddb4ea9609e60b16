"""What a key ring holds, and where::

    <folder>/ring/role                          "vault" or "ingest"
    <folder>/ring/<use>/current                 id of the key that wraps, signs or names from now on
    <folder>/ring/<use>/<key id>/public.pem     SubjectPublicKeyInfo
    <folder>/ring/<use>/<key id>/private.pem    PKCS #8, only where HOLDS says "pair"
    <folder>/ring/pseudonym/<key id>/secret.hex
    <folder>/ring/log/origin                    the name of the log that this installation keeps
    <folder>/ring/disposal/<municipality>.<day>.<key id>/secret.hex
                                                a key that expires with that day; in the vault's ring only

`<use>` is a name of `Use`; under `sealing` stands one more folder, the municipality. A key id is the first
16 hex digits of the SHA-256 of the public key's DER SubjectPublicKeyInfo; a pseudonym secret's is that of
its HMAC-SHA-256 over PSEUDONYM_ID, a day key's over DAY_KEY_ID, municipality and day.
"""

import enum
import re

ORIGIN = "origin"
"""The file with the log's name, beside the log's keys."""
DISPOSAL = "disposal"
"""The folder of day keys; it is there from the first one on."""
LOG_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*")
"""A URL without its scheme (tlog-checkpoint, Note text: the origin)."""
MUNICIPALITY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
KEY_ID = re.compile(r"[0-9a-f]{16}")
DAY_KEY = re.compile(r"([a-z0-9-]+)\.([0-9]{4}-[0-9]{2}-[0-9]{2})\.([0-9a-f]{16})")
"""Municipality, day and key id: the name of a day key's folder."""


class Role(enum.StrEnum):
    """Whose ring it is. The keeper uses the vault's."""

    VAULT = "vault"
    INGEST = "ingest"


class Use(enum.StrEnum):
    """What a key is for. No key has two uses."""

    SEALING = "sealing"
    ARRIVAL = "arrival"
    PAYLOAD = "payload"
    PSEUDONYM = "pseudonym"
    RECEIPT = "receipt"
    LOG = "log"
    """Signs the log's checkpoints."""


class Half(enum.Enum):
    """Which files a key has in a ring."""

    PAIR = frozenset({"private.pem", "public.pem"})
    PUBLIC = frozenset({"public.pem"})
    SECRET = frozenset({"secret.hex"})


HOLDS = {
    Role.VAULT: {
        Use.SEALING: Half.PAIR,
        Use.PAYLOAD: Half.PAIR,
        Use.PSEUDONYM: Half.SECRET,
        Use.RECEIPT: Half.PUBLIC,
        Use.LOG: Half.PAIR,
    },
    Role.INGEST: {
        Use.SEALING: Half.PUBLIC,
        Use.ARRIVAL: Half.PAIR,
        Use.PAYLOAD: Half.PUBLIC,
        Use.PSEUDONYM: Half.SECRET,
        Use.RECEIPT: Half.PAIR,
    },
}
"""Ingest can seal and append, never open what is kept, read what was said of people, or sign for the log."""
