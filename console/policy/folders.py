"""Folders of rule sets, with the tables beside the rules: the software's own, or somebody else's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from policies.engine import RuleSet
from policies.glossary import Glossary, parse_glossary
from policies.reading import as_text
from vault.rulesets import SHARED, RuleSetMissing, read_folder, shared_texts

OURS = Path(str(files("policies") / "rulesets"))
WORDS = "words.csv"

RuleSetsOption = Annotated[
    Path | None,
    typer.Option(
        "--folder",
        envvar="BODYCAM_RULE_SETS",
        exists=True,
        file_okay=False,
        help="Folder with a folder for each municipality; the software's own when absent.",
    ),
]
MunicipalitiesArgument = Annotated[
    list[str] | None, typer.Argument(help="Names of rule sets; all of the folder's when none is named.")
]


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of one municipality."""

    place: Path

    @property
    def municipality(self) -> str:
        """Its name, by which its rule set is known too."""
        return self.place.name

    def rule_set(self) -> RuleSet:
        """Its rules under the shared ones of this software. Raises RuleSetInvalid."""
        return RuleSet.parse(self.municipality, read_folder(self.place), shared_texts())

    def table(self, name: str) -> str | None:
        """The text of a table beside the rules; None when there is none."""
        path = self.place / name
        return as_text(f"{self.municipality}/{name}", path.read_bytes()) if path.exists() else None

    def write(self, name: str, text: str) -> Path:
        """Put a table beside the rules."""
        path = self.place / name
        path.write_bytes(text.encode())
        return path


def folders(root: Path | None, named: Sequence[str] | None) -> Iterator[Folder]:
    """The folders with these names, in this order; all when none is named.

    Raises RuleSetMissing, also when there are none: it may not look as if anything was tried.
    """
    place = root or OURS
    # One without terms too: it is a rule set, and it is wrong.
    found = {
        path.name: Folder(path) for path in sorted(place.iterdir()) if path.is_dir() and path.name != SHARED
    }
    if not found:
        raise RuleSetMissing(str(place))
    for name in named or found:
        if name not in found:
            raise RuleSetMissing(name)
        yield found[name]


@cache
def words() -> Glossary:
    """The words of tables of cases: those of this software."""
    return parse_glossary(f"{SHARED}/{WORDS}", (OURS / SHARED / WORDS).read_bytes().decode())
