"""Holds (bewaarplicht, bevriezing): what keeps footage longer than its term, until the event that ends it."""
