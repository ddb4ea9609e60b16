"""How long requests waited, what grants allowed, which terms were broken."""

from datetime import timedelta

from sqlalchemy import select

from console.demo import town
from tests.installation import Installation
from tests.vault.evidence.history import evidence, happen
from vault.evidence.periods import parse_period
from vault.grants import revoke
from vault.ids import GrantId
from vault.tables import Grant


def test_requests_waited_so_long(whole: Installation) -> None:
    happen(whole)
    told = evidence(whole).told.figures.requests
    assert (told.made, told.decided_by_person, told.still_waiting) == (6, 3, 1)
    assert (told.median_hours, told.ninth_decile_hours, told.longest_hours) == (3.0, 10.0, 10.0)


def test_grants_and_what_came_of_them(whole: Installation) -> None:
    history = happen(whole)
    with whole.vault.database.reading() as session:
        grant, _ = session.scalars(select(Grant.id).order_by(Grant.valid_from)).all()
    revoke(
        whole.vault, whole.caller(town.PRIVACY_OFFICER), GrantId(grant), reason="Settled.", now=history.now
    )
    told = evidence(whole).told.figures.grants
    assert (told.issued, told.revoked, told.longest_allowed_hours) == (2, 1, 72)
    assert told.longest_hours == 72.0
    assert (told.ranges_watched, told.ranges_completed) == (5, 4)


def test_terms_kept_and_broken(whole: Installation) -> None:
    history = happen(whole)
    told = evidence(whole).told.figures.terms
    assert (told.announced, told.kept, told.quarantined, told.there_now) == (2, 2, 0, 2)
    assert (told.terms_ended, told.still_there) == (0, 0)
    ended = (history.now - timedelta(days=5)).date()
    week = parse_period(f"{ended - timedelta(days=1)}..{ended + timedelta(days=1)}")
    told = evidence(whole, week).told.figures.terms
    assert (told.terms_ended, told.still_there, told.longest_overdue_days, told.kept) == (1, 1, 5, 0)


def test_a_term_that_has_not_ended_yet_is_not_broken(whole: Installation) -> None:
    history = happen(whole)
    coming = parse_period(f"{history.now.date()}..{(history.now + timedelta(days=40)).date()}")
    told = evidence(whole, coming).told.figures.terms
    assert (told.there_now, told.terms_ended, told.still_there) == (2, 0, 0)
