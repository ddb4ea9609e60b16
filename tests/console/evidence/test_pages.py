"""The document read back: every requirement, every figure, both languages, and under which checkpoint."""

import re
from datetime import UTC, datetime

import pytest

from console.evidence.pages import document
from tests.installation import Installation
from tests.vault.documents.reading import pages, root, text
from tests.vault.evidence.history import evidence
from vault.documents import write
from vault.evidence.making import Evidence
from vault.log.tables import LogCheckpoint

NOW = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)


def test_it_tells_every_requirement_with_its_tests(made: Evidence) -> None:
    told = document(made, "nl")
    read = text(write(told, now=NOW))
    # A paragraph may go on over the page, and a line end anywhere a hyphen or slash stands.
    for line in told.footer:
        read = read.replace(line, "")
    shown = re.sub(r"\d+ / \d+ ", "", read).replace(" ", "")
    for each in made.told.requirements:
        lacks = each.lacks.nl if each.lacks else ""
        told_of = (each.asks.nl, each.control.nl, lacks, *each.where, *each.tests)
        assert not [text for text in told_of if text.replace(" ", "") not in shown]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "nl",
            [
                "Bewijs over ",
                "Afhandeling van een incident 4 0 0 2 1",
                "Afhandeling van een incident 5 2 1",
                "Wachttijd, helft binnen (uren) 3.0",
                "Termijnen die afliepen 0",
                "Vernietigd: de bewaartermijn was om 0",
                "Te laat aan het einde 1",
                "[works-council] WOR art. 27 lid 1 onder k en l 1",
                "Geen getuige heeft het log in deze periode mee ondertekend.",
                "de privacy officer 1",
                "DPIA Bodycams Voorbeeldstad 12-01-2026 DPIA-2026-003",
                "Verzoeken per maand en doel",
                "De periode was nog niet om",
            ],
        ),
        (
            "en",
            [
                "Evidence of ",
                "Handling an incident 4 0 0 2 1",
                "Waiting, half within (hours) 3.0",
                "Disposed of: recorded inside a dwelling 0",
                "Footage and audit trail are never used to appraise staff.",
                "No witness cosigned the log in this period.",
                "Requests by month and purpose",
            ],
        ),
    ],
)
def test_it_tells_the_figures(made: Evidence, language: str, said: list[str]) -> None:
    written = write(document(made, "en" if language == "en" else "nl"), now=NOW)
    read = text(written)
    assert [each for each in said if each not in read] == []
    assert root(written)["/Lang"] == language


def test_every_page_says_under_which_checkpoint_and_entry(lived_in: Installation) -> None:
    assert "Nog geen controlepunt" in pages(write(document(evidence(lived_in), "nl"), now=NOW))[0]
    with lived_in.vault.database.transaction() as session:
        session.add(LogCheckpoint(size=17, root=b"r" * 32, note="note", signed_at=NOW))
    made = evidence(lived_in)
    found = pages(write(document(made, "nl"), now=NOW))
    assert len(found) > 4
    for page in found:
        assert "17 regels, wortel cnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=, 27-11-2026 21:00" in page
        assert f"SHA-256 {made.sha256}; regel {made.entry}" in page.replace("\n", "")
