"""Reading the texts of a rule set: which files belong, what they say, and everything that is wrong with them.

Functions that take `problems` add to it what they find, so that one reading reports all.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping

import cedarpy

from policies.problems import Problem, RuleSetInvalid
from policies.rules import Est, Rule, parse_rules
from policies.signals.reading import SIGNALS
from policies.terms import Terms, parse_log_term, parse_terms

SCHEMA = "schema.cedarschema"
TERMS = "terms.toml"
LOG = "log.toml"
SHARED = "shared"

_FILE_NAME = re.compile(r"[a-z0-9-]+\.(cedar|cedarschema|toml)")
_ROLES = re.compile(r"entity Role enum \[([^\]]*)\]")
_YEARS = re.compile(r"\boneYearAgo\b")
_PURPOSES = re.compile(r"entity Purpose enum \[([^\]]*)\]")


def digest(texts: Mapping[str, str]) -> str:
    """SHA-256 over the texts: of the lines `sha256sum` prints for them, sorted by path, so that anyone can
    recompute it: `sha256sum noordwijk/*.cedar noordwijk/*.toml shared/*.cedar* shared/*.toml |
    LC_ALL=C sort -k2 | sha256sum`. Tables (`*.csv`) decide nothing and do not count."""
    lines = [f"{hashlib.sha256(texts[path].encode()).hexdigest()}  {path}\n" for path in sorted(texts)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def as_text(path: str, content: bytes) -> str:
    """The text in a file's bytes. Raises RuleSetInvalid, with the line, for what a spreadsheet or an editor
    saved in another way than all else here."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RuleSetInvalid(
            [Problem(f"{path}, line {line}", None, "is not UTF-8; save it as that")]
        ) from error


def file_problems(
    municipality: str, files: Mapping[str, str], shared: Mapping[str, str]
) -> Iterable[Problem]:
    if municipality == SHARED:
        yield Problem(f"{municipality}/", None, "a municipality cannot have this name")
    for folder, names, singles in ((municipality, files, (TERMS,)), (SHARED, shared, (SCHEMA, LOG))):
        for name in sorted(names):
            if not _FILE_NAME.fullmatch(name) or not (name in (*singles, SIGNALS) or name.endswith(".cedar")):
                yield Problem(f"{folder}/{name}", None, "is not a file that belongs in this folder")
            if names[name].startswith("\ufeff"):
                yield Problem(f"{folder}/{name}", None, "begins with a byte order mark; save it without one")
        if not any(name.endswith(".cedar") for name in names):
            yield Problem(f"{folder}/", None, "has no rules: no .cedar file")


def read_schema(texts: Mapping[str, str]) -> cedarpy.Schema:
    path = f"{SHARED}/{SCHEMA}"
    if path not in texts:
        raise RuleSetInvalid([Problem(path, None, "is missing")])
    try:
        return cedarpy.Schema.from_str(texts[path])
    except ValueError as error:
        raise RuleSetInvalid([Problem(path, None, f"is not a Cedar schema: {error}")]) from error


def knows_years(schema: cedarpy.Schema) -> bool:
    """Whether rules can look at years gone by: not those that were stored before they could."""
    return _YEARS.search(str(schema)) is not None


def declared_purposes(schema: cedarpy.Schema) -> frozenset[str]:
    """The closed list of purposes; Cedar prints a schema in one form, however it was written."""
    listed = _PURPOSES.search(str(schema))
    return frozenset(json.loads(f"[{listed[1]}]") if listed else ())


def declared_roles(schema: cedarpy.Schema) -> frozenset[str]:
    """The closed list of roles."""
    listed = _ROLES.search(str(schema))
    return frozenset(json.loads(f"[{listed[1]}]") if listed else ())


def read_terms(
    municipality: str, texts: Mapping[str, str], purposes: frozenset[str], problems: list[Problem]
) -> Terms | None:
    path = f"{municipality}/{TERMS}"
    if path not in texts:
        problems.append(Problem(path, None, "is missing"))
        return None
    try:
        terms = parse_terms(texts[path], path)
    except RuleSetInvalid as invalid:
        problems += invalid.problems
        return None
    if terms.municipality != municipality:
        problems.append(Problem(path, None, f"is about {terms.municipality}"))
    for purpose in sorted(terms.purposes.keys() - purposes):
        problems.append(Problem(path, None, f"purposes.{purpose}: is not on the closed list in {SCHEMA}"))
    return _with_log_term(terms, path, texts, problems)


def _with_log_term(terms: Terms, path: str, texts: Mapping[str, str], problems: list[Problem]) -> Terms:
    """Rule sets that were stored before the trail had a term are read as they were."""
    shared = f"{SHARED}/{LOG}"
    if shared not in texts:
        return terms
    try:
        return terms.with_log_term(parse_log_term(texts[shared], shared))
    except RuleSetInvalid as invalid:
        problems += invalid.problems
    except ValueError as refused:
        problems.append(Problem(path, None, f"log_term_years: {refused}"))
    return terms


def read_rules(
    texts: Mapping[str, str], schema: cedarpy.Schema, problems: list[Problem]
) -> tuple[dict[str, Rule], dict[str, Est]]:
    """Every rule by id, shared ones first, so that it is the municipality's that is the double."""
    rules: dict[str, Rule] = {}
    policies: dict[str, Est] = {}
    paths = [path for path in texts if path.endswith(".cedar")]
    for path in sorted(paths, key=lambda path: (not path.startswith(f"{SHARED}/"), path)):
        found, wrong = parse_rules(path, texts[path], schema)
        problems += wrong
        for rule, policy in found:
            if rule.id in rules:
                problems.append(Problem(path, rule.id, f"is already a rule of {rules[rule.id].file}"))
            else:
                rules[rule.id], policies[rule.id] = rule, policy
    return rules, policies
