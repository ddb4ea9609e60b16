"""Signals (signalen): what a privacy officer should look at, found in the log by patterns that are data.

A signal is a question, never a finding about somebody: docs/signals.md. Pure like the rest of the room: what
was seen before is handed in, and what is to be remembered is handed back.
"""
