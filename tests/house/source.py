"""The sources of the house, read and parsed once."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("auditor", "policies", "vault", "ingest", "console")


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the root of the project, its text and its tree."""

    path: PurePosixPath
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The top folder the file stands in."""
        return self.path.parts[0]

    def within(self, *places: str) -> bool:
        """Whether the file is one of `places`, or stands in one: a file, a package or a folder."""
        return any(
            place in (str(self.path), str(self.path.with_suffix("")))
            or PurePosixPath(place) in self.path.parents
            for place in places
        )

    def calls(self) -> Iterator[tuple[int, str, ast.Call]]:
        """Every call: its line, the last name of what is called ("" when it has none), and the call."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield node.lineno, last_name(node.func), node

    def imports(self) -> Iterator[tuple[int, str]]:
        """Every module imported anywhere in the file, with its line; relative ones made absolute."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = self._base(node)
                yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        for line, name, call in self.calls():
            if (
                name in ("import_module", "__import__")
                and call.args
                and isinstance(call.args[0], ast.Constant)
            ):
                yield line, str(call.args[0].value)

    def words(self) -> Iterator[tuple[int, str]]:
        """Every name the file speaks and every string of one word, with its line; prose is not counted."""
        for line, module in self.imports():
            yield from ((line, part) for part in module.split("."))
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name):
                yield node.lineno, node.id
            elif isinstance(node, ast.Attribute):
                yield node.lineno, node.attr
            elif isinstance(node, ast.arg | ast.keyword) and node.arg:
                yield node.lineno, node.arg
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield node.lineno, node.name
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
                yield node.lineno, node.value

    def _base(self, node: ast.ImportFrom) -> str:
        package = self.path.parent.parts
        kept = package[: len(package) - node.level + 1] if node.level else ()
        return ".".join([*kept, *([node.module] if node.module else [])])


def last_name(node: ast.expr) -> str:
    """``b`` of ``a.b``, ``a`` of ``a``, else nothing."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def parse(path: str, text: str) -> Source:
    """A source that need not exist: `path` says where it would stand."""
    return Source(PurePosixPath(path), text, ast.parse(text, path))


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Every Python file under `folders` of the project, in order of path."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    paths = sorted(path for path in found if "node_modules" not in path.parts)
    return tuple(parse(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) for path in paths)
