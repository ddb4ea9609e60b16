"""The municipalities' rule sets: read from their folders at start, all of them valid or nothing starts; and
from then on, for each municipality, the one that is in force by the database (`vault.rule_changes`).

The shared rules always come with the software: nobody runs without the works council's. So what is in force
is the municipality's own texts, under the shared rules of this version.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from threading import Lock
from types import MappingProxyType

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from policies.engine import RuleSet
from policies.problems import Problem, RuleSetInvalid
from policies.reading import as_text, declared_roles, digest, read_schema
from vault.base import add_missing
from vault.db import Database
from vault.tables import RuleSetChange, RuleSetTexts

SHARED = "shared"
_RULES = (".cedar", ".cedarschema", ".toml")
_PLACE = re.compile(r"([a-z0-9-]+)/[a-z0-9-]+\.(cedar|cedarschema|toml)")
Texts = Mapping[str, str]

LOOK_SECONDS = 2.0
"""How often a process looks which rule sets are in force; not with each range that somebody watches."""
BOUND_SECONDS = 5.0
"""No decision is made under a rule set that was replaced longer ago than this."""


class RuleSetMissing(Exception):
    """There is no rule set for that municipality, so nothing of it can be decided."""


class RuleSetAltered(Exception):
    """The stored texts of a rule set are not the ones of its digest: somebody changed them."""


class RuleSets:
    """Every rule set of this installation, by municipality. Safe to share between threads."""

    def __init__(
        self,
        folders: Mapping[str, Texts],
        database: Database | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`folders`: each municipality's own texts by file name. Without a `database` they are in force."""
        self._loaded = {name: RuleSet.parse(name, texts, shared_texts()) for name, texts in folders.items()}
        self.folders = MappingProxyType(dict(folders))
        self._database = database
        self._clock = clock
        self._parsed = {rule_set.digest: rule_set for rule_set in self._loaded.values()}
        # By the digest that a decision names, which is not the stored one where the shared rules are others.
        self._texts = {one.digest: by_path(name, folders[name]) for name, one in self._loaded.items()}
        self._kept: set[str] = set()
        self._in_force: Mapping[str, str] = {}
        self._looked_at = float("-inf")
        self._looking = Lock()

    def of(self, municipality: str) -> RuleSet:
        """The rule set that is in force for a municipality, or was at most BOUND_SECONDS ago.

        Before the first one is recorded it is the folder's. Raises RuleSetMissing, RuleSetAltered and
        DatabaseAway; RuleSetInvalid when it does not go with the shared rules of this version.
        """
        self._look()
        in_force = self._in_force.get(municipality)
        return self._read(municipality, in_force) if in_force else self._of_folder(municipality)

    def held(self, session: Session, municipality: str) -> RuleSet:
        """As `of`, and in force until this transaction ends: whoever activates another waits for that.

        For what is written by it and moved by an activation, which would not see it yet.
        """
        if self._database is None:
            return self._of_folder(municipality)
        hold_still(session, municipality, changing=False)
        row = session.execute(_IN_FORCE.where(RuleSetChange.municipality == municipality)).first()
        return self._read(municipality, row.digest) if row else self._of_folder(municipality)

    def municipalities(self) -> frozenset[str]:
        """Those of the folders, and those that have a rule set by the database."""
        self._look()
        return frozenset(self._loaded) | frozenset(self._in_force)

    def __iter__(self) -> Iterator[RuleSet]:
        """Those of the folders."""
        return iter(self._loaded.values())

    def keep(self, session: Session, rule_set: RuleSet, *, now: datetime) -> None:
        """Store its texts, unless they are: what is decided under them can be decided again, years later."""
        named = rule_set.digest
        if named in self._kept:
            return
        if session.scalar(select(RuleSetTexts.digest).where(RuleSetTexts.digest == named)):
            self._kept.add(named)
        else:
            store_texts(session, rule_set.municipality, self._texts[named], now=now)

    def look_again(self) -> None:
        """Look at the next question, and not only when it is time: this process changed something."""
        self._looked_at = float("-inf")

    def _of_folder(self, municipality: str) -> RuleSet:
        if municipality not in self._loaded:
            raise RuleSetMissing(municipality)
        return self._loaded[municipality]

    def _read(self, municipality: str, named: str) -> RuleSet:
        rule_set = self._parsed.get(named) or self._parse(named)
        if rule_set.municipality != municipality:
            raise RuleSetAltered(named)
        return rule_set

    def _look(self) -> None:
        if self._database is None:
            return
        since = self._clock() - self._looked_at
        # One thread looks; the others go on with what is known while that is recent enough.
        if since < LOOK_SECONDS or not self._looking.acquire(blocking=since >= BOUND_SECONDS):
            return
        try:
            began = self._clock()
            if began - self._looked_at >= LOOK_SECONDS:
                with self._database.reading() as session:
                    self._in_force = {row.municipality: row.digest for row in session.execute(_IN_FORCE)}
                self._looked_at = began
        finally:
            self._looking.release()

    def _parse(self, named: str) -> RuleSet:
        if self._database is None:
            raise RuleSetMissing(named)
        with self._database.reading() as session:
            municipality, own = _stored_own(session, named)
        rule_set = RuleSet.parse(municipality, own, shared_texts())
        self._texts[rule_set.digest] = by_path(municipality, own)
        self._parsed[named] = self._parsed[rule_set.digest] = rule_set
        return rule_set


_IN_FORCE = select(RuleSetChange.municipality, RuleSetChange.digest).where(
    RuleSetChange.activated_at.is_not(None), RuleSetChange.replaced_at.is_(None)
)


def in_force_since(session: Session, municipality: str) -> datetime | None:
    """From when the rule set is in force that is; None before the first one is recorded."""
    return session.scalar(
        _IN_FORCE.with_only_columns(RuleSetChange.activated_at).where(
            RuleSetChange.municipality == municipality
        )
    )


def hold_still(session: Session, municipality: str, *, changing: bool) -> None:
    """Wait until nobody is `changing` this municipality's rules, or else until nobody rests on them; and let
    the others wait until this transaction ends. On SQLite there is one writer."""
    if session.get_bind().dialect.name != "postgresql":
        return
    # No lock on rows: for that ingest would need the right to change rules.
    lock = func.pg_advisory_xact_lock if changing else func.pg_advisory_xact_lock_shared
    session.execute(select(lock(func.hashtextextended(f"rules of {municipality}", 0))))


def load_rule_sets(folder: Path | None = None, database: Database | None = None) -> RuleSets:
    """The rule sets in `folder`, or those that come with the software; with `database`, those in force by it.

    Raises policies.problems.RuleSetInvalid, which lists everything that is wrong.
    """
    ours = files("policies") / "rulesets"
    root: Traversable = folder or ours
    places = sorted((place for place in root.iterdir() if place.is_dir()), key=lambda place: place.name)
    return RuleSets({place.name: _texts(place) for place in places if place.name != SHARED}, database)


def read_folder(folder: Path) -> Texts:
    """A municipality's own texts, by file name."""
    return _texts(folder)


def stored_texts(session: Session, named: str) -> Texts | None:
    """The texts of a rule set by path, as they were stored; None when they never were.

    Raises RuleSetAltered.
    """
    row = session.get(RuleSetTexts, named)
    if row is None:
        return None
    if not is_whole(row):
        raise RuleSetAltered(named)
    return row.texts


def is_whole(row: RuleSetTexts) -> bool:
    """Whether stored texts are those of their digest, and of one municipality and the shared folder only.
    Whoever changed them may have put anything there."""
    texts: object = row.texts
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        return False
    # Names too: these become files on somebody's disk (`policy show --into`).
    places = [_PLACE.fullmatch(path) for path in texts]
    folders = {place[1] if place else None for place in places} - {SHARED}
    return folders == {row.municipality} and digest(texts) == row.digest


def parse_stored(session: Session, named: str, *, as_of_then: bool = False) -> RuleSet:
    """The rule set whose texts were stored under this digest, under the shared rules of this version;
    `as_of_then`, exactly as it was. Raises RuleSetMissing, RuleSetAltered, RuleSetInvalid."""
    municipality, own = _stored_own(session, named)
    shared = own_texts(stored_texts(session, named) or {}, SHARED) if as_of_then else shared_texts()
    return RuleSet.parse(municipality, own, shared)


def _stored_own(session: Session, named: str) -> tuple[str, Texts]:
    """Whose rule set this digest is of, and its own texts. Raises RuleSetMissing and RuleSetAltered."""
    texts = stored_texts(session, named)
    if texts is None:
        raise RuleSetMissing(named)
    [municipality] = {path.partition("/")[0] for path in texts} - {SHARED}
    return municipality, own_texts(texts, municipality)


def store_texts(session: Session, municipality: str, texts: Texts, *, now: datetime) -> str:
    """Store a rule set's texts by path, unless they are stored; its digest."""
    named = digest(texts)
    row = {"digest": named, "municipality": municipality, "texts": dict(texts), "first_seen_at": now}
    # The texts of a digest are what they are, whoever stores them.
    add_missing(session, RuleSetTexts, row)
    return named


def own_texts(texts: Texts, folder: str) -> Texts:
    """Of texts by path those of one folder, by file name."""
    return {
        path.removeprefix(f"{folder}/"): text for path, text in texts.items() if path.startswith(f"{folder}/")
    }


def by_path(municipality: str, own: Texts) -> dict[str, str]:
    """A municipality's own texts and the shared ones, by path: what the digest is of."""
    texts = {f"{SHARED}/{name}": text for name, text in shared_texts().items()}
    return texts | {f"{municipality}/{name}": text for name, text in own.items()}


@cache
def known_roles() -> frozenset[str]:
    """The closed list of roles, out of the shared schema."""
    return declared_roles(read_schema({f"{SHARED}/{name}": text for name, text in shared_texts().items()}))


@cache
def shared_texts() -> Texts:
    """The shared rules and their schema, by file name: those of this version of the software."""
    return MappingProxyType(_texts(files("policies") / "rulesets" / SHARED))


def _texts(folder: Traversable) -> dict[str, str]:
    # Whatever the case of its letters: a rule that is passed over in silence forbids nothing.
    found = [file for file in folder.iterdir() if file.name.lower().endswith(_RULES)]
    odd = [Problem(f"{folder.name}/{file.name}", None, "is no file") for file in found if not file.is_file()]
    if odd:
        raise RuleSetInvalid(odd)
    # As bytes, so that no newline is translated: the digest is that of the files.
    return {file.name: as_text(f"{folder.name}/{file.name}", file.read_bytes()) for file in found}
