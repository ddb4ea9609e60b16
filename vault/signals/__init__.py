"""Signals (signalen): found in the log by the patterns of `policies.signals`, raised, read and settled.

What they look for is data (docs/signals.md). A row here names nobody: it says which entries it is about, and
whoever may read those sees by them who it was. A note stands in the entry that settles, and nowhere else.
"""
