"""What the law and the standards ask, beside what this software does for it: requirements.toml, read.

`tests/house/test_requirements.py` proves that each control and each test that is named there exists.
"""

import tomllib
from enum import StrEnum
from functools import cache
from importlib.resources import files

from pydantic import ConfigDict, Field

from vault.evidence.figures import Text, Told


class Met(StrEnum):
    """How far this version meets a requirement."""

    MET = "met"
    PARTLY = "partly"
    NOT = "not"


class Requirement(Told):
    """One requirement; what it is not met in stands in `lacks`."""

    model_config = ConfigDict(strict=False)

    id: str
    asks: Text
    """What is asked."""
    source: str
    """Where: law, article; standard, number."""
    met: Met
    control: Text
    """What the software does for it."""
    lacks: Text | None = None
    """What it does not do; for people, or for a later version."""
    where: list[str] = Field(min_length=1)
    """Files in which the control stands."""
    tests: list[str] = Field(min_length=1)
    """Tests that show it: path::name."""
    figures: list[str] = Field(default_factory=list)
    """Which figures of the evidence tell of it, by their names in JSON."""


@cache
def requirements() -> tuple[Requirement, ...]:
    """Every requirement, in the order of the file."""
    given = tomllib.loads(files(__package__).joinpath("requirements.toml").read_text("utf-8"))
    return tuple(Requirement.model_validate(each) for each in given["requirements"])
