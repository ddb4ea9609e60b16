"""What-if tells exactly what then happens: to grants at their next range, to footage, to who asks again."""

from datetime import UTC, datetime, timedelta

import pytest

from console.demo import town
from tests.installation import Installation
from tests.ruling import NO_SUPERVISOR, OTHER, SHORTER, proposed
from tests.vault.test_replays import DAY, HOUR, NEEDS_COMPLAINT, NO_DECIDER, NOT_OFFERED, WATERMARKED
from tests.watching import choosing, footage, granted, keep, row_of, wish
from vault import rule_changes
from vault.ids import GrantId
from vault.replays import Fate, Verdict
from vault.requests import RequestState, ask
from vault.viewing import Denied, Viewing, Watching
from vault.what_if import Examination, examine_proposal

MOMENT = timedelta(seconds=1)
EDITS = {
    "purpose not offered": NOT_OFFERED,
    "a day": DAY,
    "shorter": SHORTER,
    "an hour": HOUR,
    "needs a complaint": NEEDS_COMPLAINT,
    "not for supervisors": NO_SUPERVISOR,
    "nobody decides": NO_DECIDER,
    "watermarked": WATERMARKED,
}
STATES = {
    RequestState.REFUSED: Verdict.REFUSED,
    RequestState.WAITING: Verdict.WAITING,
    RequestState.GRANTED: Verdict.ALLOWED,
}


def reasons(made: Installation, grant: GrantId, moment: datetime) -> list[str]:
    """Why the next range is refused; nothing when it is shown."""
    found = Watching(made.vault).watch(made.caller(town.SUPERVISOR), grant, choosing(0, 9), now=moment)
    if isinstance(found, Viewing):
        return []
    assert isinstance(found, Denied)
    return [rule.id for rule in found.decision.reasons]


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_it_happens_as_it_was_told(installation: Installation, edit: dict[str, str]) -> None:
    recording = keep(installation, footage(1000))
    grant = granted(installation, recording)
    change = proposed(installation, edit)
    look = examine_proposal(installation.vault, OTHER, change, now=datetime.now(UTC))
    assert isinstance(look, Examination)
    flips, moves, endings = look.flips().found, look.moves().found, look.endings().found
    assert reasons(installation, grant, datetime.now(UTC)) == []
    rule_changes.activate(installation.vault, OTHER, change, now=datetime.now(UTC))

    moment = datetime.now(UTC)
    told = endings[0] if endings else None
    if told is None or told.fate in (Fate.STAYS_THOUGH_REFUSED, Fate.STAYS_THOUGH_TOO_LONG):
        assert reasons(installation, grant, moment) == []
        assert reasons(installation, grant, moment + timedelta(hours=71)) == []
    elif told.fate is Fate.ENDS:
        assert reasons(installation, grant, moment) == [rule.id for rule in told.rules]
    else:
        assert reasons(installation, grant, told.until - MOMENT) == []
        assert reasons(installation, grant, told.until) == ["term-is-over"]

    due = row_of(installation, recording).dispose_after
    assert [due] == [move.after for move in moves] or not moves

    again = ask(installation.vault, installation.caller(town.SUPERVISOR), wish(recording), now=moment)
    asked = [flip for flip in flips if flip.action == "ask"]
    if asked:
        assert STATES[again.state] is asked[0].after
        assert again.decision.reasons == asked[0].rules
        assert set(again.decision.obligations) == asked[0].demanded_after or not again.decision.permitted
    else:
        assert again.state is RequestState.WAITING
