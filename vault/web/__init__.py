"""The doors of the vault: HTTP in, verbs of the vault out. The only room where a value becomes a status."""
