"""``bodycam-vault evidence``: the evidence of a period, as a document, as data and as sheets."""

from console.evidence.command import evidence

__all__ = ["evidence"]
