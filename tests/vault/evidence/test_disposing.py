"""What was disposed of in a period, what was overdue at its end, and what was held then."""

from datetime import timedelta

from sqlalchemy import update

from console.demo import town
from tests.disposing import change, hold, kept, now, swept
from tests.installation import Installation
from tests.vault.evidence.history import evidence
from vault.disposal.beginning import begin
from vault.disposal.tables import Disposal, EarlyErasure, Ground
from vault.evidence.figures import DisposalsTold
from vault.evidence.periods import parse_period
from vault.ids import RecordingId, new_id
from vault.signals.raising import KEEPER
from vault.tables import Recording


def told(installation: Installation) -> DisposalsTold:
    return evidence(installation, now=now()).told.figures.disposals


def erase_early(installation: Installation, recording: RecordingId) -> None:
    with installation.vault.database.transaction() as session:
        row = session.get_one(Recording, recording, with_for_update=True)
        begin(installation.vault, session, row, ground=Ground.INSIDE_DWELLING, now=now(), by=KEEPER)


def test_by_ground_and_all_with_a_certificate(whole: Installation) -> None:
    kept(whole, 1), kept(whole, 2)
    erase_early(whole, kept(whole, 3, ago=timedelta(days=2)))
    before = told(whole)
    assert (before.disposed, before.begun, before.unfinished_at_end, before.overdue_at_end) == (0, 1, 1, 2)
    assert swept(whole).disposed == 3
    after = told(whole)
    assert {each.ground: each.number for each in after.by_ground} == {
        "term-over": 2,
        "wrongly-recorded": 0,
        "inside-dwelling": 1,
        "objection-granted": 0,
    }
    assert after.by_ground[2].title.nl == "opgenomen in een woning"
    assert (after.disposed, after.with_certificate, after.begun) == (3, 3, 3)
    assert (after.unfinished_at_end, after.overdue_at_end) == (0, 0)
    with whole.vault.database.transaction() as session:
        session.execute(update(Disposal).where(Disposal.ground == "inside-dwelling").values(certificate=None))
    assert told(whole).with_certificate == 2


def test_overdue_is_what_no_sweep_took_in_time(whole: Installation) -> None:
    """As it was at the end of the period, also when it was disposed of later; what is held is not overdue."""
    recording = kept(whole)
    kept(whole, 2, ago=timedelta(days=1))
    held = kept(whole, 3)
    hold(whole, held, ago=timedelta(days=39))
    assert told(whole).overdue_at_end == 1
    change(whole, recording, dispose_after=now() - timedelta(minutes=5))
    assert told(whole).overdue_at_end == 0
    change(whole, recording, dispose_after=now() - timedelta(days=3))
    assert swept(whole).disposed == 1
    assert told(whole).overdue_at_end == 0
    yesterday = (now() - timedelta(days=2)).date()
    then = evidence(whole, parse_period(f"{yesterday - timedelta(days=3)}..{yesterday}"), now())
    assert then.told.figures.disposals.overdue_at_end == 1
    assert then.told.figures.disposals.disposed == 0


def test_holds_at_the_end_and_in_the_period(whole: Installation) -> None:
    first, second = kept(whole, 1), kept(whole, 2)
    hold(whole, first, ago=timedelta(days=20))
    hold(whole, first, ago=timedelta(hours=1))
    hold(whole, second, ago=timedelta(days=20), lifted=timedelta(hours=1))
    found = told(whole)
    assert (found.held_at_end, found.holds_placed, found.holds_lifted) == (1, 1, 1)
    day = (now() - timedelta(days=2)).date()
    before = evidence(whole, parse_period(f"{day}..{day}"), now())
    assert before.told.figures.disposals.held_at_end == 2


def test_early_erasures_asked_and_approved(whole: Installation) -> None:
    recording = kept(whole, ago=timedelta(days=2))
    with whole.vault.database.transaction() as session:
        for outcome in ("approved", "refused", None):
            session.add(
                EarlyErasure(
                    id=new_id(),
                    recording_id=recording,
                    municipality_id=town.SLUG,
                    ground="wrongly-recorded",
                    reason="It was on by mistake.",
                    asked_by="person:1",
                    asked_at=now(),
                    outcome=outcome,
                    decided_by="person:2" if outcome else None,
                    decided_at=now() if outcome else None,
                )
            )
    found = told(whole)
    assert (found.erasures_asked, found.erasures_approved) == (3, 1)
