"""Under which law a recording stands (regime), when that turns out to be another: AVG, or Wpg.

Whoever wore the camera says so at first. It may change once, for a reason that is kept: footage of a boa's
offence becomes police data (Wpg art. 1), or turns out to be none.
"""

from dataclasses import dataclass
from datetime import datetime

from policies.engine import Decision
from policies.facts import Action
from vault import facts, standing
from vault.audit import Event
from vault.holds.rows import Locked, TooLate, bring_in_step, is_late, locked
from vault.ids import RecordingId
from vault.standing import By, stand_before
from vault.tables import Recording
from vault.vault import Vault

REGIMES = ("avg", "wpg")


class RegimeFixed(Exception):
    """The regime of this recording was changed before; it changes once."""


class RegimeUnchanged(Exception):
    """The recording stands under this regime already."""


@dataclass(frozen=True)
class Outcome:
    """A recording as it stands after a verb, or the decision that denied it."""

    recording: Recording
    decision: Decision | None
    """None for an operator."""

    @property
    def permitted(self) -> bool:
        """Whether the rules let them."""
        return self.decision is None or self.decision.permitted


def change(
    vault: Vault, by: By, recording_id: RecordingId, regime: str, *, reason: str, now: datetime
) -> Outcome:
    """Put a recording under the other regime, and its term with it; what is due by that, goes.

    Raises facts.Unknown, RegimeUnchanged, RegimeFixed, and TooLate when it is due or gone.
    """
    if regime not in REGIMES:
        raise ValueError(f"{regime} is no regime; those are: {', '.join(REGIMES)}")
    refused: Exception | None = None
    with vault.database.transaction() as session:
        # 1. the facts
        found = locked(vault, session, recording_id)
        footage = facts.as_recording(session, found.row)
        # 2. the decision, by the regime that it stands under
        who = stand_before(vault, session, by, Action.CHANGE_REGIME, footage, now)
        if who.permitted:
            refused = _in_the_way(found, regime, now)
        if who.permitted and not refused:
            # 3. the effect
            found.row.regime, found.row.regime_changed_at = regime, now
            bring_in_step(session, found)
        # 4. the entry
        standing.append_before(
            vault,
            session,
            who,
            Event.REGIME_DENIED if refused else Event.REGIME_CHANGED,
            footage,
            now,
            denied=Event.REGIME_DENIED,
            leaf={"from": footage.regime, "to": regime},
            details={"reason": reason},
        )
    if refused:
        raise refused
    return Outcome(found.row, who.decision)


def _in_the_way(found: Locked, regime: str, now: datetime) -> Exception | None:
    if is_late(found.row, now):
        return TooLate()
    if found.row.regime == regime:
        return RegimeUnchanged()
    return RegimeFixed() if found.row.regime_changed_at else None
