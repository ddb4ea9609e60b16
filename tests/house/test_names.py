"""Names that can refuse a line of code, and files and functions short enough to read."""

import ast
import re

import pytest

from .rule import Complaints, Rule, hold, name_of, prove
from .source import ROOMS, Source, sources

REFUSE_NOTHING = re.compile(
    r"(service|util|utility|utilities|core|common|helper|manager|repository|repositories|crud|schemas|misc)s?"
)
ROLE_SUFFIX = re.compile(r"\w+(Service|Manager|Helper|Repository|Util|Utils)")
SERVERS = ("tests", "services")
"""The servers that tests start are services in the word's own meaning."""
FILE_LINES = 400
FUNCTION_LINES = 60


def named_after_a_role(source: Source) -> Complaints:
    for part in source.path.with_suffix("").parts:
        if REFUSE_NOTHING.fullmatch(part.strip("_")) and (source.room, part) != SERVERS:
            yield 1, f"is named {part!r}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and ROLE_SUFFIX.fullmatch(node.name):
            yield node.lineno, f"class {node.name}"


def too_long(source: Source) -> Complaints:
    lines = source.text.count("\n")
    if lines > FILE_LINES:
        yield 1, f"{lines} lines, and {FILE_LINES} is the most"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield node.lineno, f"{node.name} has {length} lines, and {FUNCTION_LINES} is the most"


NAMES = Rule(
    "a file is named after a thing",
    """
    A name such as service, utils or manager refuses no line of code, so in time every line ends up there.
    Name the file or class after the thing of the field that it is about (grants, receipts, trail); a function
    that does not fit has then told you where it does not belong.
    """,
    named_after_a_role,
    wrong=(
        ("vault/service.py", ""),
        ("vault/services/grants.py", ""),
        ("vault/web/schemas.py", ""),
        ("ingest/_utils.py", ""),
        ("bench/common.py", ""),
        ("tests/vault/helpers.py", ""),
        ("vault/grants.py", "class GrantManager: ..."),
    ),
    right=(
        ("vault/grants.py", "class Grant: ..."),
        ("vault/scores.py", ""),
        ("tests/services/s3.py", ""),
        ("policies/rulesets/read.py", ""),
    ),
)
LENGTHS = Rule(
    "a file can be read in one go",
    """
    The tail tells good code from bad: a long file is two things, a long function is steps without names.
    Split the file where its second subject begins; give the steps of the function names.
    """,
    too_long,
    wrong=(
        ("vault/grants.py", "x = 1\n" * (FILE_LINES + 1)),
        ("vault/grants.py", "def f():\n" + "    x = 1\n" * FUNCTION_LINES),
        ("vault/grants.py", "class A:\n    async def f():\n" + "        x = 1\n" * FUNCTION_LINES),
    ),
    right=(
        ("vault/grants.py", "x = 1\n" * FILE_LINES),
        ("vault/grants.py", "def f():\n" + "    x = 1\n" * (FUNCTION_LINES - 1)),
    ),
)


def test_names() -> None:
    hold(NAMES, sources(*ROOMS, "tests", "bench"))


def test_lengths() -> None:
    hold(LENGTHS, sources(*ROOMS, "bench"))


@pytest.mark.parametrize("rule", [NAMES, LENGTHS], ids=name_of)
def test_the_rule_can_fail(rule: Rule) -> None:
    prove(rule)
