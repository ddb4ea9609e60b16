"""``bodycam-vault audit``: entries made findable by hand."""

from datetime import UTC, datetime

from sqlalchemy import delete, func, select

from tests.console.conftest import Command
from tests.installation import Installation
from tests.watching import entries, footage, keep
from vault.log.sequencer import sequence
from vault.log.tables import TrailTerm


def terms(made: Installation) -> int:
    with made.vault.database.reading() as session:
        return session.scalar(select(func.count()).select_from(TrailTerm)) or 0


def test_entries_are_made_findable(small: Installation, command: Command) -> None:
    keep(small, footage(1000))
    sequence(small.vault, now=datetime.now(UTC))
    settings, count = small.environment("keeper"), len(entries(small))
    assert command("audit", "index", settings=settings).out == f"entries: {count}\n"
    assert command("audit", "index", settings=settings).out == "entries: 0\n"
    found = terms(small)
    with small.vault.database.transaction() as session:
        session.execute(delete(TrailTerm).where(TrailTerm.index > 3))
    assert terms(small) < found
    assert command("audit", "index", "--again", settings=settings).out == f"entries: {count}\n"
    assert terms(small) == found
