"""Signals by kind: raised and settled in the period, and what was open at its end."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from console.demo import town
from tests.installation import Installation
from tests.vault.evidence.history import evidence, today
from vault.evidence.figures import SignalTold
from vault.signals.tables import RaisedSignal

KIND = "approved-within-seconds"


def found(whole: Installation) -> dict[str, SignalTold]:
    return {each.signal: each for each in evidence(whole).told.figures.signals}


def test_signals_are_counted_by_kind(whole: Installation) -> None:
    now, period = datetime.now(UTC), today()
    before, hour = period.since - timedelta(days=3), timedelta(hours=1)
    raised: list[tuple[str, datetime, datetime | None]] = [
        (KIND, now - 2 * hour, None),
        (KIND, now - 2 * hour, now),
        (KIND, before, now),
        (KIND, before, None),
        (KIND, before, before + hour),  # settled before: of another period
        ("of-before", now, None),
        (KIND, period.until + hour, None),  # raised after: of the next period
    ]
    with whole.vault.database.transaction() as session:
        for kind, at, settled in raised:
            session.add(
                RaisedSignal(
                    id=uuid4(),
                    municipality_id=town.SLUG,
                    kind=kind,
                    fingerprint=uuid4().hex,
                    figures={},
                    happened_at=at,
                    raised_at=at,
                    raised_in=uuid4(),
                    settled_at=settled,
                    settled_in=uuid4() if settled else None,
                )
            )
    told = found(whole)
    assert (told[KIND].raised, told[KIND].settled, told[KIND].open) == (2, 2, 2)
    waited = (2 + (now - before) / hour) / 2
    assert told[KIND].median_hours == round(waited, 1)
    assert (told["of-before"].open, told["of-before"].title.en) == (1, "of-before")


def test_each_kind_of_the_rule_set_is_told_with_its_title(whole: Installation) -> None:
    rule_set = whole.vault.rule_sets.of(town.SLUG)
    told = found(whole)
    assert list(told) == list(rule_set.signals)
    assert all(told[kind].title.nl == signal.title.nl for kind, signal in rule_set.signals.items())
    assert {(each.raised, each.settled, each.open, each.median_hours) for each in told.values()} == {
        (0, 0, 0, None)
    }
