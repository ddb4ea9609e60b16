"""The log that outsiders can check: audit entries in order, under hashes that the log signed."""
