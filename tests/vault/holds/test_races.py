"""Who asks before the term is over freezes the footage, whatever the sweep does at that moment.

Whenever `ask` answered yes the recording is never disposed of, and whenever it was disposed of, ask said why.
With real transactions of several threads, on PostgreSQL and SQLite: each interleaving by hand, many by dice.
"""

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event
from unittest.mock import patch

import pytest
from sqlalchemy import select

from console.demo import town
from policies.retention import days_later
from tests.installation import MAKER, Installation
from tests.ruling import put_in_force
from tests.vault.holds.holding import BEGUN_BY_VIEWING, held, is_held
from tests.watching import approve, footage, keep, row_of, wish
from vault import regimes
from vault.disposal import beginning, sweeping
from vault.disposal.sweeping import sweep
from vault.holds import automatic, lifting
from vault.holds.rows import TooLate
from vault.ids import RecordingId
from vault.requests import Answer, RequestState, ask
from vault.signals.raising import KEEPER
from vault.tables import SealedKey, State

GONE = (State.DISPOSING, State.DISPOSED)
TICK = timedelta(milliseconds=1)
SECONDS = 20.0


@pytest.fixture(autouse=True)
def _asking_holds(installation: Installation) -> None:
    put_in_force(installation, BEGUN_BY_VIEWING)


def due_at(made: Installation, moment: datetime, seed: int = 1) -> RecordingId:
    """A recording whose term is over at `moment`."""
    started = moment - timedelta(days=28)
    started -= days_later(started, 28) - moment
    recording = keep(made, footage(1000, seed=seed), started_at=started)
    assert row_of(made, recording).dispose_after == moment
    return recording


def asks(made: Installation, recording: RecordingId, now: datetime) -> Answer:
    return ask(made.vault, made.caller(town.SUPERVISOR), wish(recording), now=now)


def sweeps(made: Installation, now: datetime) -> int:
    return sweep(made.vault, KEEPER, now=now).begun


def never_both(made: Installation, recording: RecordingId, answers: list[Answer]) -> bool:
    """Whether it is held. It is, or is gone, as each that asked was told."""
    state = row_of(made, recording).state
    allowed = [answer for answer in answers if answer.state is not RequestState.REFUSED]
    with made.vault.database.reading() as session:
        opens = session.scalar(select(SealedKey.key_id).where(SealedKey.recording_id == recording))
    if allowed:
        assert (state, is_held(made, recording), bool(opens)) == (State.KEPT, True, True)
    for answer in answers:
        if answer not in allowed:
            why = {rule.id for rule in answer.decision.reasons}
            assert why & {"term-is-over", "footage-disposed"}, why
    if state in GONE:
        assert (allowed, opens) == ([], None)
    return bool(allowed)


@contextmanager
def pausing(where: object, name: str, *, fails: bool = False) -> Iterator[tuple[Event, Event]]:
    """A step that waits, the first time, before it is done: set when it is come to, and to let it go on."""
    come, go_on, step = Event(), Event(), getattr(where, name)

    def pause(*given: object, **named: object) -> object:
        if come.is_set():
            return step(*given, **named)
        come.set()
        assert go_on.wait(SECONDS)
        if fails:
            raise RuntimeError("killed")
        return step(*given, **named)

    with patch.object(where, name, pause):
        yield come, go_on


def due_soon(made: Installation) -> tuple[RecordingId, datetime]:
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    return due_at(made, moment), moment


def test_who_asks_first_is_skipped_by_the_sweep(installation: Installation) -> None:
    recording, due = due_soon(installation)
    with pausing(automatic, "enter") as (come, go_on), ThreadPoolExecutor(2) as pool:
        asked = pool.submit(asks, installation, recording, due - TICK)
        assert come.wait(SECONDS)
        swept = pool.submit(sweeps, installation, due + TICK)
        wait([swept], timeout=0.3)
        go_on.set()
        assert swept.result(SECONDS) == 0
        answer = asked.result(SECONDS)
    assert sweeps(installation, due + TICK) == 0
    assert never_both(installation, recording, [answer])


def test_who_asks_after_the_sweep_took_it_is_told_so(installation: Installation) -> None:
    recording, due = due_soon(installation)
    with pausing(beginning, "begin_all") as (come, go_on), ThreadPoolExecutor(2) as pool:
        swept = pool.submit(sweeps, installation, due + TICK)
        assert come.wait(SECONDS)
        # By its own clock it is in time.
        asked = pool.submit(asks, installation, recording, due - TICK)
        assert not wait([asked], timeout=0.3).done
        go_on.set()
        assert swept.result(SECONDS) == 1
        answer = asked.result(SECONDS)
    assert not never_both(installation, recording, [answer])
    assert row_of(installation, recording).state in GONE


def test_a_sweep_that_dies_lets_who_asks_have_it(installation: Installation) -> None:
    recording, due = due_soon(installation)
    with pausing(beginning, "begin_all", fails=True) as (come, go_on), ThreadPoolExecutor(2) as pool:
        swept = pool.submit(sweeps, installation, due + TICK)
        assert come.wait(SECONDS)
        asked = pool.submit(asks, installation, recording, due - TICK)
        assert not wait([asked], timeout=0.3).done
        go_on.set()
        assert swept.result(SECONDS) == 0
        answer = asked.result(SECONDS)
    assert sweeps(installation, due + TICK) == 0
    assert never_both(installation, recording, [answer])


def test_who_dies_asking_holds_nothing(installation: Installation) -> None:
    recording, due = due_soon(installation)
    with pausing(automatic, "enter", fails=True) as (come, go_on), ThreadPoolExecutor(2) as pool:
        asked = pool.submit(asks, installation, recording, due - TICK)
        assert come.wait(SECONDS)
        swept = pool.submit(sweeps, installation, due + TICK)
        wait([swept], timeout=0.3)
        go_on.set()
        with pytest.raises(RuntimeError):
            asked.result(SECONDS)
        begun = swept.result(SECONDS)
    assert begun + sweeps(installation, due + TICK) == 1
    assert not never_both(installation, recording, [])
    assert row_of(installation, recording).state in GONE


def test_who_asks_between_the_sweeps_look_and_its_lock_is_in_time(installation: Installation) -> None:
    recording, due = due_soon(installation)
    with pausing(sweeping, "_begin_batch") as (come, go_on), ThreadPoolExecutor(2) as pool:
        swept = pool.submit(sweeps, installation, due + TICK)
        assert come.wait(SECONDS)
        answer = asks(installation, recording, due - TICK)
        go_on.set()
        assert swept.result(SECONDS) == 0
    assert never_both(installation, recording, [answer])


def test_who_places_a_hold_by_hand_is_in_time_or_told_so(installation: Installation) -> None:
    recording, due = due_soon(installation)
    with pausing(sweeping, "_begin_batch") as (come, go_on), ThreadPoolExecutor(2) as pool:
        swept = pool.submit(sweeps, installation, due + TICK)
        assert come.wait(SECONDS)
        hold = held(installation, recording, due - TICK)
        go_on.set()
        assert swept.result(SECONDS) == 0
    assert is_held(installation, recording)
    moment = due + timedelta(days=30)
    lifting.lift(installation.vault, KEEPER, hold.id, "settled", reason="Settled.", now=moment)
    assert sweeps(installation, days_later(moment, 14) - TICK) == 0
    assert sweeps(installation, days_later(moment, 14)) == 1


@pytest.mark.parametrize("what", ["hold", "regime"])
def test_who_comes_after_the_sweep_took_it_is_too_late(installation: Installation, what: str) -> None:
    recording, due = due_soon(installation)

    def come_late() -> None:
        if what == "hold":
            held(installation, recording, due - TICK)
        else:
            regimes.change(installation.vault, MAKER, recording, "wpg", reason="Late.", now=due - TICK)

    with pausing(beginning, "begin_all") as (come, go_on), ThreadPoolExecutor(2) as pool:
        swept = pool.submit(sweeps, installation, due + TICK)
        assert come.wait(SECONDS)
        late = pool.submit(come_late)
        assert not wait([late], timeout=0.3).done
        go_on.set()
        assert swept.result(SECONDS) == 1
        with pytest.raises(TooLate):
            late.result(SECONDS)
    row = row_of(installation, recording)
    assert (row.state in GONE, row.regime) == (True, "avg")


def test_of_two_who_lift_the_last_holds_at_once_neither_undoes_the_other(installation: Installation) -> None:
    recording, due = due_soon(installation)
    holds = [held(installation, recording, trigger="criminal-complaint") for _ in range(2)]
    moment = due + timedelta(days=30)

    def lift(place: int) -> None:
        ends = moment + place * TICK
        lifting.lift(installation.vault, MAKER, holds[place].id, "judgment-final", reason="It is.", now=ends)

    with pausing(lifting, "end") as (come, go_on), ThreadPoolExecutor(2) as pool:
        first = pool.submit(lift, 0)
        assert come.wait(SECONDS)
        second = pool.submit(lift, 1)
        assert not wait([second], timeout=0.3).done
        go_on.set()
        first.result(SECONDS)
        second.result(SECONDS)
    assert row_of(installation, recording).dispose_after == moment + TICK


def test_a_decision_and_the_sweep_do_not_wait_for_each_other(installation: Installation) -> None:
    """A decider locks in the order of the sweep, which closes the requests of what it takes."""
    put_in_force(installation, {"term_days = 28": "term_days = 28\nwpg_term_days = 365"})
    recording, due = due_soon(installation)
    request = asks(installation, recording, due - timedelta(minutes=5)).request
    assert not is_held(installation, recording)
    with pausing(beginning, "begin_all") as (come, go_on), ThreadPoolExecutor(2) as pool:
        swept = pool.submit(sweeps, installation, due + TICK)
        assert come.wait(SECONDS)
        decided = pool.submit(approve, installation, request, now=due - TICK)
        assert not wait([decided], timeout=0.3).done
        go_on.set()
        assert swept.result(SECONDS) == 1
        why = {rule.id for rule in decided.result(SECONDS).decision.reasons}
    assert "footage-disposed" in why
    assert row_of(installation, recording).state in GONE


def test_many_race_at_the_moment_that_the_term_is_over(installation: Installation) -> None:
    many, apart, dice = 16, timedelta(milliseconds=60), random.Random(28)
    begins = datetime.now(UTC) + timedelta(seconds=12)
    recordings = [due_at(installation, begins + place * apart, seed=place) for place in range(many)]
    ends = begins + many * apart + timedelta(milliseconds=200)
    plans = [
        sorted(
            (begins + place * apart + timedelta(milliseconds=dice.uniform(-30, 15)), place)
            for place in range(many)
        )
        for _ in range(3)
    ]
    assert datetime.now(UTC) < begins, "too slow a machine to race on"

    def ask_all(plan: list[tuple[datetime, int]]) -> list[tuple[int, Answer]]:
        answers = []
        for moment, place in plan:
            time.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))
            answers.append((place, asks(installation, recordings[place], datetime.now(UTC))))
        return answers

    def sweep_all() -> None:
        while (now := datetime.now(UTC)) < ends:
            if now > begins - apart:
                sweeps(installation, now)
            time.sleep(0.002)

    with ThreadPoolExecutor(5) as pool:
        sweepers = [pool.submit(sweep_all) for _ in range(2)]
        told = [each for asker in [pool.submit(ask_all, plan) for plan in plans] for each in asker.result(60)]
        for sweeper in sweepers:
            sweeper.result(60)
    sweeps(installation, datetime.now(UTC))
    outcomes = [
        never_both(installation, recording, [answer for at, answer in told if at == place])
        for place, recording in enumerate(recordings)
    ]
    assert len(told) == 3 * many
    gone = [row_of(installation, recording).state in GONE for recording in recordings]
    assert [not each for each in gone] == outcomes
    print(f"held {sum(outcomes)} of {many}")
