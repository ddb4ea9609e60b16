"""A certificate of disposal to print and file, and as lines of text."""

import base64
from collections.abc import Iterator

from policies.words import Words
from vault.disposal import wording
from vault.disposal.certificates import Certificate
from vault.documents import Block, Document, Heading, Paragraph, Table
from vault.documents.blocks import Language

_TITLE = Words("Verklaring van vernietiging", "Certificate of disposal")
_WHAT = Words("Wat is vernietigd, en waarom", "What was destroyed, and why")
_WHEN = Words("Wanneer, en waardoor", "When, and by what")
_CHECK = Words("Nagaan", "How to check it")
_NAME, _VALUE = Words("wat", "what"), Words("waarde", "value")
_DIGEST = Words("SHA-256 van de verklaring", "SHA-256 of the statement")
_ENTRY = Words("Regel in het log", "Entry in the log")
_FOOT = Words("Verklaring {digest}", "Certificate {digest}")
_LOG = Words("Log {origin}: {size} regels, wortel {root}", "Log {origin}: {size} entries, root {root}")


def document(certificate: Certificate, name: str, language: Language) -> Document:
    """The pages of a certificate of the municipality called `name`."""
    return Document(
        title=_TITLE.in_language(language),
        subtitle=name,
        language=language,
        blocks=list(_blocks(certificate, language)),
        footer=(
            _FOOT.in_language(language).format(digest=certificate.digest),
            _log(certificate, language),
        ),
    )


def lines(certificate: Certificate, name: str, language: Language) -> Iterator[str]:
    """The same as text, line by line."""
    yield f"{_TITLE.in_language(language)}, {name}"
    for block in _blocks(certificate, language):
        match block:
            case Heading(text=text):
                yield from ("", text)
            case Paragraph(text=text):
                yield text
            case Table(rows=rows):
                yield from (f"  {label}: {value}" for label, value in rows)
    yield f"  {_log(certificate, language)}"


def _blocks(certificate: Certificate, language: Language) -> Iterator[Block]:
    columns = (_NAME.in_language(language), _VALUE.in_language(language))
    yield Paragraph(wording.INTRODUCTION.in_language(language))
    yield Heading(_WHAT.in_language(language))
    yield Table(columns, list(wording.what(certificate, language)), widths=(1, 2.6))
    yield Heading(_WHEN.in_language(language))
    yield Table(columns, list(wording.when(certificate, language)), widths=(1, 2.6))
    for text in wording.how(certificate, language):
        yield Paragraph(text)
    yield Heading(_CHECK.in_language(language))
    yield Paragraph(wording.CHECKING.in_language(language))
    yield Paragraph(wording.LIMITS.in_language(language))
    entry = certificate.entry
    rows = [
        (_DIGEST.in_language(language), certificate.digest),
        (_ENTRY.in_language(language), f"{entry.index}: {entry.id}"),
    ]
    yield Table(columns, rows, widths=(1, 2.6))


def _log(certificate: Certificate, language: Language) -> str:
    head = certificate.entry.checkpoint
    told = {"origin": head.origin, "size": head.size, "root": base64.b64encode(head.root).decode()}
    return _LOG.in_language(language).format_map(told)
