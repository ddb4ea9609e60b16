"""What the pages say exists: paths, make targets, commands, settings, findings; and what exists, they say."""

import ast
import re
from collections.abc import Iterator

import pytest
from typer import Typer

from console.cli import app
from vault.settings import PREFIX, Settings

from .source import ROOT, sources

PAGES = ("README.md", *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")))
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")
STORY = """
The README's map is how someone who knows the field finds where a sentence of theirs lives, and operations.md
is read at night by someone with a problem: a page that names what is not there costs them the trust in what
is. Correct the page together with the code.
"""
ROOMS_AND_MORE = r"(?:policies|vault|ingest|console|tests|bench|docs|\.ci)"
PATH = re.compile(rf"`({ROOMS_AND_MORE}/[\w./-]*|Makefile|Dockerfile|[\w.-]+\.(?:md|yml|toml|lock))`")
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([\w-]+))?\)")
TARGET = re.compile(r"\bmake ([a-z]+)")
GROUPS = "|".join(
    f"{group.name} (?:{'|'.join(f'{inner.name} ' for inner in inside.registered_groups) or '(?!)'})?"
    for group in app.registered_groups
    if (inside := group.typer_instance)
)
COMMAND = re.compile(rf"(?<!--entrypoint )bodycam-vault ((?:{GROUPS})?[a-z-]+)")
VARIABLE = re.compile(rf"`({PREFIX}[A-Z0-9_]+)`")
KINDS = (".toml", ".cedar", ".csv")
"""Of the files of a rule set, as README.md says of what it quotes."""
PROCESSES = frozenset({"vault", "ingest", "keeper", "demo"})
"""Commands that compose, `up` and make run; a page need not spell them out."""


def text_of(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def headings(page: str) -> set[str]:
    """The anchors of a page, as a forge makes them of its headings."""
    titles = re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def dead_paths(page: str) -> Iterator[str]:
    for path in PATH.findall(text_of(page)):
        # A page speaks of files of the project, or of its own neighbours.
        if not (ROOT / path).exists() and not (ROOT / page).parent.joinpath(path).exists():
            yield f"{page} names {path}"


def dead_links(page: str) -> Iterator[str]:
    for path, anchor in LINK.findall(text_of(page)):
        target = (ROOT / page).parent.joinpath(path).resolve() if path else ROOT / page
        if not target.exists():
            yield f"{page} links to {path}"
        elif anchor and anchor not in headings(target.relative_to(ROOT).as_posix()):
            yield f"{page} links to {path}#{anchor}"


def commands(within: Typer = app) -> set[str]:
    """Every command of the command line, those in groups by every word."""
    names = {str(command.name) for command in within.registered_commands}
    for group in within.registered_groups:
        inner = group.typer_instance
        assert inner is not None
        names |= {f"{group.name} {name}" for name in commands(inner)}
    return names


def findings() -> set[str]:
    """The names of the checks in vault/invariants, and in the parts of it elsewhere."""
    named: set[object] = set()
    for source in sources("vault"):
        for node in ast.walk(source.tree):
            match node:
                case ast.Call(func=ast.Name(id="Finding"), args=[ast.Constant(value=name), *_]):
                    named.add(name)
                case ast.AnnAssign(target=ast.Name(id="_CHECKS"), value=ast.Dict(keys=keys)):
                    named |= {key.value for key in keys if isinstance(key, ast.Constant)}
    return {str(name) for name in named}


def reasons() -> set[str]:
    """Why ingest puts a recording in quarantine."""
    files = ("ingest/examination", "ingest/probe", "ingest/probing")
    texts = (source.text for source in sources("ingest") if source.within(*files))
    return {name for text in texts for name in re.findall(r'"((?:[a-z]+-)+[a-z]+|truncated)"', text)}


def tell(wrong: list[str]) -> None:
    if wrong:
        pytest.fail("\n".join([*wrong, STORY]), pytrace=False)


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_points_at_is_there(page: str) -> None:
    tell([*dead_paths(page), *dead_links(page)])


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_tells_to_run_can_be_run(page: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text_of(page), re.DOTALL))
    wrong = [f"{page}: there is no make {name}" for name in sorted(set(TARGET.findall(code)) - targets)]
    named = set(COMMAND.findall(code))
    wrong += [f"{page}: there is no bodycam-vault {name}" for name in sorted(named - commands())]
    tell(wrong)


def test_every_command_is_told() -> None:
    told = set(COMMAND.findall(text_of("README.md") + OPERATIONS + text_of("docs/rule-sets.md")))
    tell([f"nowhere told: bodycam-vault {name}" for name in sorted(commands() - told - PROCESSES)])


def test_every_setting_is_in_the_table() -> None:
    listed = set(VARIABLE.findall(OPERATIONS))
    settings = {PREFIX + name.upper() for name in Settings.model_fields}
    tell([f"operations.md lacks or invents {name}" for name in sorted(settings ^ listed)])


def test_every_finding_and_reason_tells_what_to_do() -> None:
    rows = set(re.findall(r"^\| `([a-z-]+)` \|", OPERATIONS, re.MULTILINE))
    tell([f"operations.md lacks or invents {name}" for name in sorted((findings() | reasons()) ^ rows)])


def test_quoted_rules_are_the_rules() -> None:
    folder = ROOT / "policies" / "rulesets"
    files = [path.read_text("utf-8") for path in folder.rglob("*") if path.suffix in KINDS]
    quoted = re.findall(
        rf"```(?:{'|'.join(kind[1:] for kind in KINDS)})\n(.*?)```", text_of("README.md"), re.DOTALL
    )
    assert len(quoted) >= 4
    tell(
        [
            f"README.md quotes what is no rule of ours: {each[:60]}"
            for each in quoted
            if not stands_in(each, files)
        ]
    )


def stands_in(quoted: str, files: list[str]) -> bool:
    return all(any(part in file for file in files) for part in quoted.split("\n\n"))


def test_a_lie_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    lies = "`vault/nothing.py` and [this](docs/nothing.md) or [that](docs/design.md#nothing)"
    monkeypatch.setitem(globals(), "text_of", lambda page: lies if page == "README.md" else "# Else")
    assert list(dead_paths("README.md")) == ["README.md names vault/nothing.py"]
    assert len(list(dead_links("README.md"))) == 2
    assert {"kept-without-key", "object-missing", "log-entry-gone"} <= findings()
    assert stands_in("one\n\ntwo", ["one, two"])
    assert not stands_in("one\n\ntwo", ["one", "2"])
    assert {"wrong-digest", "truncated"} <= reasons()
    assert {"up", "keys create", "register dock"} <= commands()
