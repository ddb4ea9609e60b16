"""Holds (bewaarplicht): what makes footage stay longer than its term, and the events that end that."""
