"""Evidence as sheets (CSV with semicolons, UTF-8), one for each table, for who wants to count on."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vault.evidence.making import Evidence
from vault.evidence.reviewing import Right
from vault.trail.spreadsheet import safe


def sheets(made: Evidence) -> Mapping[str, str]:
    """The sheets by file name; their columns have the names of docs/evidence.schema.json."""
    told = made.told.model_dump(mode="json", by_alias=True)
    figures = told["figures"]
    purposes = [{**_titled(each), **each} for each in figures["purposes"]]
    denials = [{**_titled(each), **each} for each in figures["denials"]]
    requirements = [
        {
            "id": each["id"],
            "source": each["source"],
            "met": each["met"],
            **{f"{name}Nl": (each[name] or {}).get("nl") for name in ("asks", "control", "lacks")},
            **{f"{name}En": (each[name] or {}).get("en") for name in ("asks", "control", "lacks")},
            "where": " ".join(each["where"]),
            "tests": " ".join(each["tests"]),
        }
        for each in told["requirements"]
    ]
    found = {
        "requirements.csv": requirements,
        "access.csv": purposes,
        "counts.csv": figures["counts"],
        "denials.csv": denials,
        "rule-changes.csv": figures["ruleChanges"],
        "signals.csv": [{**_titled(each), **each} for each in figures["signals"]],
        "witnesses.csv": figures["integrity"]["witnesses"],
    }
    return {name: _sheet(rows) for name, rows in found.items() if rows}


def rights_sheet(rights: Iterable[Right]) -> str:
    """Who holds which role, by name."""
    rows = [(each.name, each.subject, each.role, each.team, str(each.active).lower()) for each in rights]
    return _written([("name", "subject", "role", "team", "active"), *rows])


def _titled(each: dict[str, Any]) -> dict[str, Any]:
    title = each.pop("title")
    return {"titleNl": title["nl"], "titleEn": title["en"]}


def _sheet(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = list(rows[0])
    return _written([columns, *([_cell(row[name]) for name in columns] for row in rows)])


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
    return str(value)


def _written(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return text.getvalue()
