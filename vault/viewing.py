"""Watching (uitkijken): one range of footage under a grant. The room where law 1 is kept.

The order of `watch` is the guarantee: the grant is decided on anew, the entry is committed, and only then
is a key unwrapped and an object fetched. A `Viewing` cannot be made any other way.
"""

from collections.abc import Callable, Iterator
from dataclasses import InitVar, dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, final

from policies.engine import Decision
from policies.facts import Action, Situation
from policies.rules import Obligation
from vault import audit, facts
from vault.audit import Actor, Entry, Event
from vault.footage import Footage, RangeOutside, parts_of
from vault.ids import EntryId, GrantId, RecordingId
from vault.keys import WrappedKey
from vault.statements import Statements
from vault.vault import Caller, Vault

CARRIED_OUT = frozenset({Obligation.DECIDER, Obligation.NO_COPY})
"""What this door can do of what a grant may demand. Anything else, and it shows nothing.

`decider`: nobody holds such a grant before someone else approved it. `no-copy`: every answer forbids
storing, and none offers a file.
"""
FOOTAGE_REMEMBERED = 64
"""Recordings whose data key stays in this process's memory for the next range."""
REMEMBERED_SECONDS = 300
"""How long one that is remembered is used, at most; then its key is asked of the ring again."""

Span = tuple[int, int]
"""First and last byte, both included."""
_PROOF = object()


@dataclass(frozen=True)
class Denied:
    """The grant does not allow it: the decision says why, or the obligations that nobody here can meet."""

    decision: Decision
    unmet: frozenset[Obligation]


@final
@dataclass(frozen=True)
class Viewing:
    """Proof that an entry accounts for this range: only `watch` makes one."""

    footage: Footage
    span: Span
    partial: bool
    caller: Caller
    grant: GrantId
    entry: EntryId
    actor: Actor
    municipality: str
    media: dict[str, Any] | None
    proof: InitVar[object]

    def __post_init__(self, proof: object) -> None:
        if proof is not _PROOF:
            raise TypeError("a Viewing is made by watch() only")

    def pieces(self) -> Iterator[memoryview]:
        """The plaintext, piece by piece. Raises SealBroken rather than show a byte that was not sealed."""
        return self.footage.read(*self.span)


@dataclass(frozen=True)
class _Sealed:
    """A kept recording as stored: read anew at each range, so that a destroyed key ends the viewing."""

    recording: RecordingId
    municipality: str
    key: WrappedKey


class Watching:
    """Serves ranges; remembers opened recordings, so that a seek does not unwrap a key each time.

    For a while only: what the ring does not open any more, a process that runs does not show either.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._opened = lru_cache(maxsize=FOOTAGE_REMEMBERED)(self._open)

    def watch(
        self,
        caller: Caller,
        grant_id: GrantId,
        choose: Callable[[int], Span | None] | None,
        *,
        now: datetime,
        wait: bool = True,
    ) -> Viewing | Denied:
        """One range of the footage that `grant_id` allows to see; `choose` picks it, given the length.

        Without `choose`, all of it. Raises facts.Unknown, RangeOutside; any error of the database, and then
        nothing is shown. Without `wait` also Busy (see `Database.statements`).
        """
        vault = self._vault
        with vault.database.statements(wait=wait) as statements:
            # 1. the facts; 2. the decision
            decision, found = self._decide(statements, caller, grant_id, now)
            unmet = decision.obligations - CARRIED_OUT
            shown = decision.permitted and not unmet
            sealed = _sealed(found) if shown else None
            span = _span(found.length, choose) if shown else None
            # 3. the entry; also when the range is outside, for that answer tells something of the length
            actor = caller.as_actor(decision.situation.person.roles)
            entry = _entry(decision, actor, span, unmet, grant_id, now)
            entry_id = audit.append(statements, vault.ring, entry)
        # 4. only now, after the commit: the footage
        if span is None and shown:
            raise RangeOutside
        if span is None or sealed is None:
            return Denied(decision, unmet)
        return Viewing(
            footage=self._opened(sealed, int(now.timestamp() // REMEMBERED_SECONDS)),
            span=span,
            partial=choose is not None,
            caller=caller,
            grant=grant_id,
            entry=entry_id,
            actor=actor,
            municipality=found.recording.municipality,
            media=found.media,
            proof=_PROOF,
        )

    def renew(self, viewing: Viewing, *, now: datetime) -> bool:
        """Whether a viewing that takes long may still go on; when not, that is an entry.

        Without this, one long answer to one request would outlive the grant it was asked under.
        """
        vault = self._vault
        with vault.database.statements() as statements:
            try:
                decision, _ = self._decide(statements, viewing.caller, viewing.grant, now)
            except facts.Unknown:
                # Its key is lost: there is nothing left to decide on.
                return False
            unmet = decision.obligations - CARRIED_OUT
            if decision.permitted and not unmet:
                return True
            actor = viewing.caller.as_actor(decision.situation.person.roles)
            entry = _entry(decision, actor, None, unmet, viewing.grant, now)
            audit.append(statements, vault.ring, replace(entry, previous=viewing.entry))
        return False

    def _decide(
        self, within: Statements, caller: Caller, grant_id: GrantId, now: datetime
    ) -> tuple[Decision, facts.Behind]:
        found = facts.behind(within, grant_id, caller.id)
        grant, municipality = found.grant, found.recording.municipality
        rule_set = self._vault.rule_sets.of(municipality)
        person, shares = found.person, rule_set.terms.shares_with
        if shares and not person.roles:
            # Of another municipality, perhaps of one that shares the service.
            person = facts.person(within, caller.id, municipality, shares)
        situation = Situation(person, Action.WATCH, found.recording, grant.purpose, now, grant=grant)
        return rule_set.decide(situation), found

    def _open(self, sealed: _Sealed, _window: int) -> Footage:
        vault = self._vault
        key = vault.ring.unwrap(sealed.key, recording=sealed.recording, municipality=sealed.municipality)
        with vault.database.reading() as session:
            parts = parts_of(session, sealed.recording)
        return Footage(vault.store, sealed.recording, key, parts)


def _sealed(found: facts.Behind) -> _Sealed:
    """Raises facts.Unknown: a key that was destroyed opens nothing, whatever a rule set says."""
    if found.key is None:
        raise facts.Unknown(str(found.grant.id))
    return _Sealed(RecordingId(found.recording.id), found.recording.municipality, found.key)


def _span(length: int, choose: Callable[[int], Span | None] | None) -> Span | None:
    return choose(length) if choose else (0, length - 1)


def _entry(
    decision: Decision,
    actor: Actor,
    span: Span | None,
    unmet: frozenset[Obligation],
    grant_id: GrantId,
    now: datetime,
) -> Entry:
    return audit.of_decision(
        Event.VIEWING_SERVED if span else Event.VIEWING_DENIED,
        decision,
        actor,
        now,
        facts={"first": span[0], "last": span[1]} if span else {},
        details={"grant": grant_id, "unmet": sorted(unmet)},
    )
