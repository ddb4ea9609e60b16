"""A text of headings, paragraphs and lists, as plain text or as Markdown."""

import re
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass

WIDTH = 100
_UNDERLINES = {1: "=", 2: "-"}
_SPECIAL = re.compile(r"([\\`*_<>\[\]#|])")


@dataclass(frozen=True)
class Heading:
    """A title; that of the whole text has level 1."""

    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True)
class Item:
    """One of a list; with depth 1 it belongs to the item above it."""

    text: str
    depth: int = 0


Block = Heading | Paragraph | Item


def as_plain(blocks: Iterable[Block]) -> str:
    """The text for a terminal or a letter, in lines of WIDTH characters, or as long as their one word."""
    return _joined(blocks, _plain)


def as_markdown(blocks: Iterable[Block]) -> str:
    """The text in Markdown (CommonMark); what Markdown would take for its own is escaped."""
    return _joined(blocks, _markdown)


def _joined(blocks: Iterable[Block], told: Callable[[Block], str]) -> str:
    text, before = "", None
    for block in blocks:
        # The items of a list stand together, all else apart.
        together = isinstance(before, Item) and isinstance(block, Item)
        text += ("" if before is None or together else "\n") + told(block) + "\n"
        before = block
    return text


def _plain(block: Block) -> str:
    match block:
        case Heading(level, text):
            line = _UNDERLINES.get(level, "")
            return f"{text}\n{line * len(text)}" if line else text
        case Paragraph(text):
            return _filled(text)
        case Item(text, depth):
            indent = "  " * depth
            return _filled(text, f"{indent}- ", f"{indent}  ")


def _filled(text: str, first: str = "", further: str = "") -> str:
    # A rule's id and an address are copied by who reads on: they stay whole.
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=further,
        break_on_hyphens=False,
        break_long_words=False,
    )


def _markdown(block: Block) -> str:
    text = _SPECIAL.sub(r"\\\1", block.text)
    match block:
        case Heading(level):
            return f"{'#' * level} {text}"
        case Paragraph():
            return text
        case Item(depth=depth):
            return f"{'  ' * depth}- {text}"
