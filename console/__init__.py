"""The command line and what it starts: puts the rooms together, and is imported by none of them."""
