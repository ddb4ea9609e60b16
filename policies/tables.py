"""A TOML file as a table of known keys: what stands in it, what kind each is, and what is wrong with it."""

import tomllib
from datetime import date, datetime
from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    StringConstraints,
    ValidationError,
)

from policies.problems import Problem, RuleSetInvalid


def _https(url: HttpUrl) -> str:
    if url.scheme != "https":
        raise ValueError("must be an https address")
    return str(url)


def _a_day(value: object) -> object:
    if isinstance(value, datetime):
        raise ValueError("must be a date")  # noqa: TRY004 - pydantic tells of a ValueError only
    return value


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Https = Annotated[HttpUrl, AfterValidator(_https), Field(strict=False)]
Identifier = Annotated[str, StringConstraints(pattern=r"^(https://|urn:)[!-~]+$", max_length=500)]
Day = Annotated[date, AfterValidator(_a_day)]


class Table(BaseModel):
    """A table of the file: what is spelled wrong, or of another kind, is refused and not passed over."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


_T = TypeVar("_T", bound=Table)


def read_table(table: type[_T], text: str, file: str) -> _T:
    """What stands in this text. Raises RuleSetInvalid with everything that is wrong with it."""
    try:
        return table.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise RuleSetInvalid([Problem(file, None, f"is not TOML: {error}")]) from error
    except ValidationError as invalid:
        raise RuleSetInvalid(
            Problem(file, None, f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}".removeprefix(": "))
            for wrong in sorted(invalid.errors(), key=lambda wrong: [str(part) for part in wrong["loc"]])
        ) from invalid
