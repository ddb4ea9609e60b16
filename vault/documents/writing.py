"""Laying out a document, by Typst: a program that makes pages, here given one fixed template and data only.

It reads no file and asks no network: the template names none, and fonts come with the library.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import typst

from vault.documents.blocks import Block, Chart, Document, Heading, Paragraph, Table
from vault.documents.characters import shown


def write(document: Document, *, now: datetime) -> bytes:
    """The document as a PDF that says it was made `now`, to the second; the same gives the same bytes."""
    return typst.compile(
        _template(),
        format="pdf",
        # Tagged, titled, with its language, and refused by the program itself when it is not.
        pdf_standards=["ua-1"],
        ignore_system_fonts=True,
        timestamp=now.astimezone(UTC).replace(microsecond=0),
        sys_inputs={"document": json.dumps(_document(document))},
    )


@cache
def _template() -> bytes:
    return files(__package__).joinpath("document.typ").read_bytes()


def _document(document: Document) -> dict[str, Any]:
    return {
        "title": shown(document.title),
        "subtitle": shown(document.subtitle),
        "author": shown(document.author),
        "language": document.language,
        "footer": [shown(line) for line in document.footer],
        "wide": document.wide,
        "blocks": [_block(block) for block in document.blocks],
    }


def _block(block: Block) -> Mapping[str, Any]:
    kind = type(block)
    return {"kind": kind.__name__.lower(), **_FORMS[kind](block)}


def _heading(heading: Heading) -> dict[str, Any]:
    return {"level": heading.level, "text": shown(heading.text)}


def _paragraph(paragraph: Paragraph) -> dict[str, Any]:
    return {"text": shown(paragraph.text)}


def _table(table: Table) -> dict[str, Any]:
    return {
        "columns": [shown(name) for name in table.columns],
        "widths": list(table.widths) or [1] * len(table.columns),
        "numbers": [number in table.numbers for number in range(len(table.columns))],
        "cells": [shown(cell) for row in table.rows for cell in row],
    }


def _chart(chart: Chart) -> dict[str, Any]:
    return {
        "form": chart.kind,
        "title": shown(chart.title),
        "told": shown(chart.told),
        "groups": [shown(name) for name in chart.groups],
        "series": [{"name": shown(each.name), "values": list(each.values)} for each in chart.series],
    }


_FORMS: dict[type, Callable[[Any], dict[str, Any]]] = {
    Heading: _heading,
    Paragraph: _paragraph,
    Table: _table,
    Chart: _chart,
}
