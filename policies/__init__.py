"""Who may see which footage for which purpose: pure decisions, and the municipalities' rules as data.

This room does no I/O, asks no clock and imports nothing of ours: texts and moments are handed in.
"""
