"""The municipalities' rule sets, read from their folders at start: all of them valid, or nothing starts."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType

from policies.engine import RuleSet
from policies.reading import declared_roles, read_schema

SHARED = "shared"


class RuleSetMissing(Exception):
    """There is no rule set for that municipality, so nothing of it can be decided."""


class RuleSets:
    """Every rule set of this installation, by municipality."""

    def __init__(self, by_municipality: Mapping[str, RuleSet]) -> None:
        self._by_municipality = MappingProxyType(dict(by_municipality))

    def of(self, municipality: str) -> RuleSet:
        """The rule set of a municipality. Raises RuleSetMissing."""
        try:
            return self._by_municipality[municipality]
        except KeyError:
            raise RuleSetMissing(municipality) from None

    def __iter__(self) -> Iterator[RuleSet]:
        return iter(self._by_municipality.values())


def load_rule_sets(folder: Path | None = None) -> RuleSets:
    """The rule sets in `folder`, or those that come with the software.

    Raises policies.problems.RuleSetInvalid, which lists everything that is wrong.
    """
    ours = files("policies") / "rulesets"
    root: Traversable = folder or ours
    # The shared rules come with the software, always: nobody runs without the works council's.
    shared = _shared()
    places = sorted((place for place in root.iterdir() if place.is_dir()), key=lambda place: place.name)
    return RuleSets(
        {
            place.name: RuleSet.parse(place.name, _texts(place), shared)
            for place in places
            if place.name != SHARED
        }
    )


@cache
def known_roles() -> frozenset[str]:
    """The closed list of roles, out of the shared schema."""
    return declared_roles(read_schema({f"{SHARED}/{name}": text for name, text in _shared().items()}))


def _shared() -> dict[str, str]:
    return _texts(files("policies") / "rulesets" / SHARED)


def _texts(folder: Traversable) -> dict[str, str]:
    return {
        # As bytes, so that no newline is translated: the digest is that of the files.
        file.name: file.read_bytes().decode()
        for file in folder.iterdir()
        if file.name.endswith((".cedar", ".cedarschema", ".toml"))
    }
