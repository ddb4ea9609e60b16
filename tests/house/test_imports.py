"""Who may know whom: auditor and policies nothing of ours; then vault <- ingest <- console."""

import ast

import pytest

from .rule import Complaints, Rule, hold, name_of, prove
from .source import ROOMS, Source, sources

# fmt: off
PURE = frozenset((
    "__future__", "abc", "bisect", "cedarpy", "collections", "csv", "dataclasses", "datetime", "decimal",
    "enum", "functools", "hashlib", "itertools", "json", "math", "operator", "policies", "pydantic", "re",
    "string", "textwrap", "tomllib", "types", "typing", "urllib.parse", "uuid", "zoneinfo",
))
"""What policies may import: the language, arithmetic on values, Cedar, pydantic. No I/O, no clock."""
WORLDLY_NAMES = frozenset(("open", "print", "input", "eval", "exec", "compile", "__import__"))
WORLDLY_ATTRIBUTES = frozenset((
    "utcnow", "today", "uuid1", "uuid4", "uuid6", "uuid7", "read_text", "read_bytes", "write_text",
))
# fmt: on


def imports_a_later_room(source: Source) -> Complaints:
    later = ROOMS[ROOMS.index(source.room) + 1 :]
    for line, module in source.imports():
        if module.split(".")[0] in (*later, "tests", "bench"):
            yield line, f"imports {module}"


def touches_the_world(source: Source) -> Complaints:
    if source.room != "policies":
        return
    for line, module in source.imports():
        if not any(module == pure or module.startswith(f"{pure}.") for pure in PURE):
            yield line, f"imports {module}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name) and node.id in WORLDLY_NAMES:
            yield node.lineno, f"uses {node.id}"
        elif isinstance(node, ast.Attribute) and (
            node.attr in WORLDLY_ATTRIBUTES
            or (node.attr == "now" and isinstance(node.value, ast.Name) and node.value.id == "datetime")
        ):
            yield node.lineno, f"uses {node.attr}"


RULES = (
    Rule(
        "policies <- vault <- ingest <- console",
        """
        A room may import itself and the rooms before it in this row, never one after it, and never tests or
        bench: so a decision can be tested without a database, and the vault without a dock. If code here
        needs something of a later room, either it belongs in that room, or what it needs is handed in as an
        argument by console, where everything is put together.
        """,
        imports_a_later_room,
        wrong=(
            ("policies/engine.py", "from vault.ids import PersonId"),
            ("vault/grants.py", "import ingest.door"),
            ("vault/web/app.py", "from ...ingest import door"),
            ("vault/grants.py", "def late():\n    from console import cli"),
            ("vault/grants.py", "import importlib\nimportlib.import_module('ingest.door')"),
            ("ingest/tus.py", "import console"),
            ("console/cli.py", "from tests.house import source"),
        ),
        right=(
            ("vault/grants.py", "from policies.facts import Situation\nfrom vault.ids import GrantId"),
            ("vault/web/app.py", "from . import problem\nfrom .. import ids"),
            ("console/cli.py", "import ingest.door, vault.db, policies.engine"),
            ("ingest/tus.py", "import vaults, tests_of_mine"),
        ),
    ),
    Rule(
        "policies does no I/O and asks no clock",
        """
        A decision is a pure function of facts: asked again with the same facts it answers the same, in a
        test, tonight, and when an auditor replays it in four years. Hand texts, moments and ids in as
        arguments; code that reads a file or asks the time belongs in vault. A module of the standard library
        that does neither may be added to PURE in this test.
        """,
        touches_the_world,
        wrong=(
            ("policies/engine.py", "import os"),
            ("policies/engine.py", "from pathlib import Path"),
            ("policies/engine.py", "import time, random"),
            ("policies/engine.py", "from secrets import token_bytes"),
            ("policies/engine.py", "import socket as s"),
            ("policies/engine.py", "import sqlalchemy"),
            ("policies/engine.py", "import urllib.request"),
            ("policies/terms.py", "text = open('terms.toml').read()"),
            ("policies/retention.py", "from datetime import datetime, UTC\nnow = datetime.now(UTC)"),
            ("policies/retention.py", "import datetime\nnow = datetime.datetime.utcnow()"),
            ("policies/retention.py", "from datetime import date\nclock = date.today"),
            ("policies/facts.py", "import uuid\nid = uuid.uuid4()"),
        ),
        right=(
            ("policies/engine.py", "from datetime import datetime\nmoment = situation.now\nimport cedarpy"),
            ("policies/terms.py", "from urllib.parse import urlsplit\nimport tomllib"),
            ("vault/rulesets.py", "from pathlib import Path\nimport time"),
        ),
    ),
)


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_the_house_keeps_it(rule: Rule) -> None:
    hold(rule, sources(*ROOMS))


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_the_rule_can_fail(rule: Rule) -> None:
    prove(rule)


@pytest.mark.parametrize("room", ROOMS)
def test_the_room_is_looked_at(room: str) -> None:
    assert any(source.tree.body for source in sources(room)), f"{room} is empty: nothing was checked"
