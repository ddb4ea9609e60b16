"""A document read back, as a screen reader or an auditor's program would."""

from io import BytesIO
from typing import Any, cast

from pypdf import PdfReader
from pypdf.generic import DictionaryObject


def pages(written: bytes) -> list[str]:
    """The text of each page."""
    return [page.extract_text() for page in PdfReader(BytesIO(written)).pages]


def text(written: bytes) -> str:
    """The text of all pages, in one line."""
    return " ".join(" ".join(pages(written)).split())


def root(written: bytes) -> dict[str, Any]:
    """The document's own description of itself: language, tags."""
    return dict(cast("DictionaryObject", PdfReader(BytesIO(written)).trailer["/Root"]))


def parts(written: bytes) -> list[dict[str, Any]]:
    """The tags of the document, in the order of reading."""
    found: list[dict[str, Any]] = []
    todo: list[Any] = [root(written)["/StructTreeRoot"].get_object()]
    while todo:
        node = todo.pop()
        if "/S" in node:
            found.append(node)
        below = node.get("/K", [])
        kept = [each.get_object() for each in (below if isinstance(below, list) else [below])]
        todo += [each for each in reversed(kept) if isinstance(each, dict)]
    return found


def roles(written: bytes) -> list[str]:
    """What each part of the document is, in the order of reading: Table, TR, TH …"""
    return [str(each["/S"]).removeprefix("/") for each in parts(written)]
