"""A document read back: its text, its tags, its language; the same again gives the same bytes."""

import dataclasses
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from pypdf import PdfReader

from tests.vault.documents.reading import pages, parts, roles, root, text
from vault.documents import Chart, Document, Heading, Paragraph, Series, Table, write

NOW = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)
DIGEST = "3f" * 32
DOCUMENT = Document(
    title="Bewijs van Voorbeeldstad",
    subtitle="2026, vierde kwartaal",
    language="nl",
    footer=("Controlepunt: bodycam-vault/log, 1234 regels", "wortel " + DIGEST),
    blocks=[
        Heading("Toegang"),
        Paragraph("Gevraagd door Şahin en Łukasz. #panic() *niet vet* $x$ @label `code`"),
        Chart(
            "Inzage per maand",
            "Oktober drie keer, november negen keer.",
            ("okt", "nov"),
            [Series("klacht", (1, 4)), Series("aangifte", (2, 5))],
        ),
        Chart("Wachttijd", "Eerst vier, dan twee.", ("okt", "nov"), [Series("uren", (4, 2))], kind="lines"),
        Heading("Per doel", 2),
        Table(
            ("Doel", "Uitkomst", "Aantal"),
            [(f"doel {number}", f"uitkomst {number}", f"{number}") for number in range(120)]
            + [("digest", DIGEST, "1")],
            widths=(2, 2, 1),
            numbers=(2,),
        ),
    ],
)


@pytest.fixture(scope="module")
def written() -> bytes:
    return write(DOCUMENT, now=NOW)


def test_all_of_it_can_be_read_and_searched(written: bytes) -> None:
    read = text(written)
    for said in ("Şahin en Łukasz. #panic() *niet vet* $x$ @label `code`", "Per doel"):
        assert said in read
    assert "Bewijs van Voorbeeldstad 2026, vierde kwartaal Toegang" in read
    assert all(f"doel {number} uitkomst {number} {number}" in read for number in range(120))
    assert "Inzage per maand" in read
    assert "klacht" in read


def test_a_digest_is_broken_to_the_eye_only(written: bytes) -> None:
    last = pages(written)[-1]
    assert DIGEST in last.replace("\n", "").split("digest", 1)[1]


def test_tables_go_on_under_their_header_and_every_page_has_its_foot(written: bytes) -> None:
    read = pages(written)
    assert len(read) > 2
    for number, page in enumerate(read, 1):
        assert "Doel Uitkomst Aantal" in page
        assert "Controlepunt: bodycam-vault/log, 1234 regels" in page
        assert DIGEST in page
        assert f"{number} / {len(read)}" in page


def test_it_says_what_it_is_and_in_which_language(written: bytes) -> None:
    reader = PdfReader(BytesIO(written))
    assert reader.metadata
    assert reader.metadata.title == "Bewijs van Voorbeeldstad"
    assert reader.metadata.creation_date == NOW
    assert root(written)["/Lang"] == "nl"
    assert root(written)["/MarkInfo"]["/Marked"]
    assert reader.xmp_metadata
    assert b"<pdfuaid:part>1<" in reader.xmp_metadata.stream.get_data()
    assert root(write(dataclasses.replace(DOCUMENT, language="en"), now=NOW))["/Lang"] == "en"


def test_each_part_is_tagged_and_a_picture_is_told(written: bytes) -> None:
    found = roles(written)
    shown = [each for each in found if each in ("Title", "H1", "H2", "Figure", "Table")]
    assert shown == ["Title", "H1", "Figure", "Figure", "H2", "Table"]
    assert found.count("TH") == 3
    assert found.count("TR") == 122
    told = [str(each["/Alt"]) for each in parts(written) if "/Alt" in each]
    assert told == ["Oktober drie keer, november negen keer.", "Eerst vier, dan twee."]


def test_the_same_again_gives_the_same_bytes(written: bytes) -> None:
    assert write(DOCUMENT, now=NOW) == written
    assert write(DOCUMENT, now=NOW + timedelta(microseconds=1)) == written
    assert write(DOCUMENT, now=NOW + timedelta(seconds=1)) != written


def test_pages_can_lie_on_their_side() -> None:
    wide = dataclasses.replace(DOCUMENT, wide=True, blocks=DOCUMENT.blocks[:2])
    [page] = PdfReader(BytesIO(write(wide, now=NOW))).pages
    assert page.mediabox.width > page.mediabox.height


def test_a_chart_of_nothing_is_a_chart() -> None:
    empty = Chart("Inzage", "Geen inzage.", ("okt",), [Series("klacht", (0,))])
    for kind in ("bars", "lines"):
        chart = dataclasses.replace(empty, kind=kind)
        assert "klacht" in text(write(Document("Leeg", "nl", [chart]), now=NOW))
