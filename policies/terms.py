"""A municipality's terms (terms.toml): how long, how long at most, for what, and to whom."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from urllib.parse import urlsplit

from policies.problems import Problem, RuleSetInvalid
from policies.retention import AMSTERDAM

LONGEST_TERM_DAYS = 3660
"""Ten years (the longest published: Wpg records of boa's in Alphen aan den Rijn). More is a typing error."""
LONGEST_GRANT_HOURS = 24 * 31

_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_KEYS = {
    "municipality": str,
    "name": str,
    "source": dict,
    "timezone": str,
    "term_days": int,
    "longest_grant_hours": int,
    "purposes": dict,
    "recipients": dict,
}


@dataclass(frozen=True, slots=True)
class Title:
    """A name in the two languages of the product."""

    nl: str
    en: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where the municipality published this, and the day we read it there."""

    title: str
    url: str | None
    """None for a fictional municipality only."""
    consulted: date


@dataclass(frozen=True, slots=True)
class Terms:
    """The numbers and closed lists of one municipality."""

    municipality: str
    name: str
    source: Source
    timezone: str
    term_days: int
    longest_grant: timedelta
    purposes: Mapping[str, Title]
    """The purposes (doelen) one can ask footage for here; absent from the list means no."""
    recipients: Mapping[str, Title]
    """To whom footage may be disclosed (verstrekking)."""


def parse_terms(text: str, file: str = "terms.toml") -> Terms:
    """The terms in this text. Raises RuleSetInvalid with everything that is wrong with it."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RuleSetInvalid([Problem(file, None, f"is not TOML: {error}")]) from error
    wrong = [f"{key}: not known here" for key in table.keys() - _KEYS.keys()]
    for key, kind in _KEYS.items():
        if key not in table:
            wrong.append(f"{key}: is missing")
        elif type(table[key]) is not kind:  # bool is an int, and no number of days
            wrong.append(f"{key}: must be {'a table' if kind is dict else kind.__name__}")
    if not wrong:
        wrong = _content_problems(table)
    if wrong:
        raise RuleSetInvalid(Problem(file, None, text) for text in sorted(wrong))
    return Terms(
        municipality=table["municipality"],
        name=table["name"],
        source=Source(table["source"]["title"], table["source"].get("url"), table["source"]["consulted"]),
        timezone=table["timezone"],
        term_days=table["term_days"],
        longest_grant=timedelta(hours=table["longest_grant_hours"]),
        purposes=_titles(table["purposes"]),
        recipients=_titles(table["recipients"]),
    )


def _content_problems(table: dict[str, object]) -> list[str]:
    wrong = []
    if not _SLUG.fullmatch(str(table["municipality"])):
        wrong.append("municipality: must be a slug such as den-helder")
    if not str(table["name"]).strip():
        wrong.append("name: is empty")
    if table["timezone"] != AMSTERDAM.key:
        wrong.append(f"timezone: terms are counted in {AMSTERDAM.key} only")
    for key, longest in (("term_days", LONGEST_TERM_DAYS), ("longest_grant_hours", LONGEST_GRANT_HOURS)):
        number = table[key]
        if not isinstance(number, int) or not 1 <= number <= longest:
            wrong.append(f"{key}: must be between 1 and {longest}")
    if not table["purposes"]:
        wrong.append("purposes: at least one is needed, or nothing can ever be asked for")
    return wrong + _source_problems(table["source"]) + _title_problems(table)


def _source_problems(source: object) -> list[str]:
    if not isinstance(source, dict):
        return ["source: must be a table"]
    wrong = [f"source.{key}: not known here" for key in source.keys() - {"title", "url", "consulted"}]
    title, url = source.get("title"), source.get("url")
    if not isinstance(title, str) or not title.strip():
        wrong.append("source.title: name the published rule")
    if type(source.get("consulted")) is not date:
        wrong.append("source.consulted: must be a date")
    if url is not None and not (isinstance(url, str) and urlsplit(url).scheme == "https"):
        wrong.append("source.url: must be an https address")
    return wrong


def _title_problems(table: dict[str, object]) -> list[str]:
    wrong = []
    for list_name in ("purposes", "recipients"):
        entries = table[list_name]
        for key, entry in entries.items() if isinstance(entries, dict) else ():
            if not _SLUG.fullmatch(key):
                wrong.append(f"{list_name}.{key}: must be a slug")
            titles = entry if isinstance(entry, dict) else {}
            texts = [titles.get(language) for language in ("nl", "en")]
            if titles.keys() != {"nl", "en"} or not all(isinstance(t, str) and t.strip() for t in texts):
                wrong.append(f"{list_name}.{key}: needs a title in nl and in en, and nothing else")
    return wrong


def _titles(entries: dict[str, dict[str, str]]) -> Mapping[str, Title]:
    return MappingProxyType({key: Title(entry["nl"], entry["en"]) for key, entry in entries.items()})
