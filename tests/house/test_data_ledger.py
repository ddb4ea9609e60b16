"""docs/data.md is complete: what is kept of people, logged or counted stands in it; what is gone does not."""

import ast
import re
from collections.abc import Iterator

import pytest

from auditor.leaves import MEMBERS
from vault.base import Base
from vault.logs import ALLOWED

from .source import ROOMS, ROOT, Source, sources

STORY = """
The ledger is what a privacy officer, a data subject and an auditor are shown: a field that is not in it is
processed without anyone having said why. Give the new field its row: what it is, whose, its purpose, its
term. If you cannot, it should not be there. Take away the row of a field that is gone.
"""
NAME = re.compile(r"`([\w.]+)`")
METRICS = ("Counter", "Gauge", "Histogram", "Summary")
SAID = ("facts", "details")


def ledger(text: str, section: str) -> set[str]:
    """The names in the first cell of each row of a section's tables."""
    body = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    cells = (line.split("|")[1] for line in body.splitlines() if line.startswith("|"))
    return {name for cell in cells for name in NAME.findall(cell)}


def columns() -> set[str]:
    return {
        f"{table.name}.{column.name}" for table in Base.metadata.tables.values() for column in table.columns
    }


def metrics(of: tuple[Source, ...]) -> dict[str, set[str]]:
    """Every metric with its labels."""
    found = {}
    for source in of:
        for _, name, call in source.calls():
            if name in METRICS and call.args and isinstance(call.args[0], ast.Constant):
                found[str(call.args[0].value)] = set(texts(call.args[2])) if len(call.args) > 2 else set()
    return found


def keys_of(path: str, name: str) -> set[str]:
    """The keys of the dictionary that `path` assigns to `name`, returns from it, or passes to it."""
    [source] = (each for each in sources(*ROOMS) if str(each.path) == path)
    found: list[ast.expr | None] = []
    for node in ast.walk(source.tree):
        match node:
            case ast.AnnAssign(target=ast.Name(id=assigned), value=value) if assigned == name:
                found.append(value)
            case ast.FunctionDef(name=made, body=[*_, ast.Return(value=value)]) if made == name:
                found.append(value)
            case ast.Call(func=ast.Attribute(attr=called), args=[value, *_]) if called == name:
                found.append(value)
    keys = {key for value in found for key in texts(value)}
    assert keys, f"{path} has no dictionary of that name any more: {name}"
    return keys


def told(of: tuple[Source, ...]) -> Iterator[str]:
    """What entries are given as facts or details, wherever that is written out as a dictionary."""
    for source in of:
        for node in ast.walk(source.tree):
            match node:
                case ast.keyword(arg=name, value=value) if name in SAID:
                    yield from texts(value)
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in SAID:
                    yield from texts(value)
                case ast.AnnAssign(target=ast.Name(id=name), value=value) if name in SAID:
                    yield from texts(value)
                case ast.Subscript(value=ast.Name(id=name), slice=key) if name in SAID:
                    yield from texts(key)


def texts(node: ast.expr | None) -> Iterator[str]:
    """The texts a literal is made of; of a dictionary its keys, of a choice those of either side."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Dict):
        for key in node.keys:
            yield from texts(key)
    elif isinstance(node, ast.List | ast.Tuple):
        for item in node.elts:
            yield from texts(item)
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)


TEXT = (ROOT / "docs" / "data.md").read_text("utf-8")
LEAF = keys_of("vault/audit.py", "leaf")
PAYLOAD = keys_of("vault/audit.py", "_payload")
RECEIPT = keys_of("ingest/receipts.py", "sign_receipt")


@pytest.mark.parametrize(
    ("section", "present"),
    [
        ("Database", columns()),
        ("Logs", set(ALLOWED)),
        ("Metrics", set(metrics(sources(*ROOMS)))),
        ("Audit leaf", LEAF),
        ("Receipt", RECEIPT),
    ],
)
def test_every_field_has_its_row(section: str, present: set[str]) -> None:
    listed = ledger(TEXT, section)
    wrong = [f"{name} has no row" for name in sorted(present - listed)]
    wrong += [f"{name} has a row, and is gone" for name in sorted(listed - present)]
    if wrong:
        pytest.fail("\n".join([f"docs/data.md, {section}:", *wrong, STORY]), pytrace=False)


def test_what_entries_tell_of_people_is_in_the_ledger() -> None:
    listed = set(NAME.findall(TEXT))
    wrong = [f"{name} is told in an entry" for name in sorted({*told(sources(*ROOMS)), *PAYLOAD} - listed)]
    if wrong:
        pytest.fail("\n".join(["docs/data.md, Audit payload:", *wrong, STORY]), pytrace=False)


def test_every_label_is_in_the_ledger() -> None:
    rows = {line.split("|")[1].strip(" `"): line for line in TEXT.splitlines() if line.startswith("| `")}
    for metric, labels in metrics(sources(*ROOMS)).items():
        named = set(NAME.findall(rows[metric].split("|")[2]))
        assert named == labels, f"docs/data.md says that {metric} has the labels {named}\n{STORY}"


def test_the_ledger_can_be_found_wanting() -> None:
    sample = "\n## Logs\n\n| key | what |\n|---|---|\n| `a`, `b.c` | of `d` |\n\n## Metrics\n| `e` | |"
    assert ledger(sample, "Logs") == {"a", "b.c"}
    assert {"request.reason", "audit_entry.leaf", "arrival.sealed"} <= columns()
    assert {"http_requests_total", "invariant_findings"} <= metrics(sources(*ROOMS)).keys()
    assert {"actor", "c"} <= LEAF
    assert {"wipe", "sha256"} <= RECEIPT
    assert {"actor", "object", "details"} == PAYLOAD
    assert {"caseReference", "bytes", "disposeAfter", "unmet"} <= set(told(sources(*ROOMS)))


def test_the_outsiders_program_knows_every_member_of_an_entry() -> None:
    """Who adds a member to the leaf adds it there too: else the log would verify nowhere from that day on."""
    assert set(MEMBERS) == LEAF
