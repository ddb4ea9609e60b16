"""A simulated year of five municipalities, in minutes; run by ``make year``."""
