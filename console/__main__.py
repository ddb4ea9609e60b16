"""``python -m console`` is ``bodycam-vault``."""

from console.cli import main

main()
