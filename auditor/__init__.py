"""What an outsider needs to check the audit log, and nothing of the house that keeps it.

Works councils, auditors and courts run this on their own machine. It imports no other room, so that it can be
read, copied and trusted by itself: the standard library, `cryptography` for Ed25519, `typer` for the command.
All formats are published ones: RFC 6962, and C2SP signed-note, tlog-checkpoint, tlog-tiles, tlog-proof,
tlog-cosignature and tlog-witness.
"""
