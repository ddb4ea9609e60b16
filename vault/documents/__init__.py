"""Documents for people to keep (PDF): what is written, in blocks, and one function that lays it out.

    from vault.documents import Document, Heading, Paragraph, Table, write

    written = write(
        Document(
            title="Inzagelog van Voorbeeldstad",
            language="nl",
            footer=("Controlepunt: bodycam-vault/log, 1234 regels", "wortel LtzD…"),
            blocks=[Heading("Regels"), Table(columns=("Tijd", "Wie"), rows=[("20:15", "Şahin")])],
        ),
        now=now,
    )

What comes back is a tagged PDF (PDF/UA-1): it can be searched, read aloud, and read back by a machine. The
same document at the same moment gives the same bytes, on any machine: the fonts come with the library and
those of the system are not looked at. Texts are data: nothing in them is taken for markup, and a character
that the fonts lack, or that turns the direction of reading, is told by its number, ``[U+4E2D]``.
"""

from vault.documents.blocks import Block, Chart, Document, Heading, Language, Paragraph, Series, Table
from vault.documents.writing import write

__all__ = [
    "Block",
    "Chart",
    "Document",
    "Heading",
    "Language",
    "Paragraph",
    "Series",
    "Table",
    "write",
]
