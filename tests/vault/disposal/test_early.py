"""Asked by one, approved by another, refused while something holds it, and never undone."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from console.demo import town
from policies.retention import UNTIL_RELEASED
from tests.foreseeing import held, recorded
from tests.holding import hold_row
from tests.installation import Installation, build, embedded
from tests.ruling import ONE, OTHER
from tests.watching import choosing, entries, footage, granted, keep, payload_of, row_of
from vault import facts
from vault.audit import Event
from vault.disposal import early
from vault.disposal.beginning import NotThere
from vault.disposal.early import ErasureClosed, ErasureWaiting, HeldFirst, NotAsker, OwnErasure
from vault.disposal.sweeping import sweep
from vault.disposal.tables import Disposal, EarlyErasure, Ground
from vault.holds import lifting, placing
from vault.holds.placing import Why
from vault.holds.rows import TooLate
from vault.ids import RecordingId, new_id
from vault.retention import due_of
from vault.signals.raising import KEEPER
from vault.standing import By
from vault.tables import Part, Recording, SealedKey, State
from vault.vault import Vault
from vault.viewing import Denied, Watching

WHY = "Recorded in the hallway of a dwelling, without a reason to be there."
THEN = "Looked at the report; it should not have been recorded."
INSIDE = Ground.INSIDE_DWELLING
COMPLAINT = Why("complaint", "A complaint was filed.", "Awb art. 9:4")


def now() -> datetime:
    return datetime.now(UTC)


def asked(made: Installation, recording: RecordingId, by: By = ONE, at: datetime | None = None) -> UUID:
    answer = early.ask(made.vault, by, recording, ground=INSIDE, reason=WHY, now=at or now())
    assert answer.erasure
    return answer.erasure.id


def row(made: Installation, erasure: UUID) -> EarlyErasure:
    with made.vault.database.reading() as session:
        return session.get_one(EarlyErasure, erasure)


def place(vault: Vault, recording: RecordingId, at: datetime) -> bool:
    """Whether a hold was placed, by the verb for that; not when it came too late."""
    try:
        return placing.place(vault, ONE, recording, COMPLAINT, now=at).hold is not None
    except TooLate:
        return False


def test_asked_by_one_approved_by_another(installation: Installation) -> None:
    vault, recording = installation.vault, keep(installation, footage())
    grant = granted(installation, recording)
    supervisor, officer = (installation.caller(who) for who in (town.SUPERVISOR, town.PRIVACY_OFFICER))
    erasure = asked(installation, recording, supervisor)
    assert row_of(installation, recording).state == State.KEPT
    answer = early.approve(vault, officer, erasure, reason=THEN, now=now())
    assert answer.erasure
    assert (answer.erasure.outcome, answer.erasure.decided_by) == ("approved", f"person:{officer.id}")
    # The key went in that same commit.
    assert row_of(installation, recording).state == State.DISPOSING
    with vault.database.reading() as session:
        assert session.get(SealedKey, recording) is None
        begun = session.get_one(Disposal, recording)
    assert (begun.ground, begun.disposed_at) == ("inside-dwelling", None)
    assert isinstance(Watching(vault).watch(supervisor, grant, choosing(0, 9), now=now()), Denied)
    # And the rest by the sweep.
    assert sweep(vault, KEEPER, now=now()).disposed == 1
    assert row_of(installation, recording).state == State.DISPOSED
    assert list(vault.store.list(f"{recording}/")) == []
    told = [
        json.loads(entries(installation, event)[-1].leaf)
        for event in (Event.ERASURE_ASKED, Event.ERASURE_APPROVED)
    ]
    assert [leaf["facts"] for leaf in told] == [{"ground": "inside-dwelling"}] * 2
    assert [leaf["why"] for leaf in told] == [["stay-changed-with-reason"]] * 2
    payload = payload_of(installation, entries(installation, Event.ERASURE_APPROVED)[-1])
    assert payload["actor"]["id"] == str(officer.id)
    assert payload["details"]["reason"] == THEN
    assert payload["details"]["askedBy"] == f"person:{supervisor.id}"
    assert (
        payload_of(installation, entries(installation, Event.ERASURE_ASKED)[-1])["details"]["reason"] == WHY
    )


def test_the_key_goes_at_once_and_objects_when_their_lock_allows(installation: Installation) -> None:
    vault, recording = installation.vault, keep(installation, footage(1000))
    with vault.database.reading() as session:
        [name] = session.scalars(select(Part.object_name).where(Part.recording_id == recording))
    until = now() + timedelta(seconds=4)
    vault.store.retain(name, until)
    erasure = asked(installation, recording)
    decided = now()
    early.approve(vault, OTHER, erasure, reason=THEN, now=decided)
    assert sweep(vault, KEEPER, now=now()).locked == 1
    time.sleep((until - now()).total_seconds())
    gone = now() + timedelta(seconds=1)
    assert sweep(vault, KEEPER, now=gone).disposed == 1
    with vault.database.reading() as session:
        certificate = json.loads(session.get_one(Disposal, recording).certificate or b"")
    # The certificate says both.
    assert certificate["ground"] == "inside-dwelling"
    moments = (certificate[name] for name in ("keyDestroyed", "lockedUntil", "objectsDiscarded"))
    destroyed, locked, discarded = map(datetime.fromisoformat, moments)
    assert destroyed <= decided < locked <= until
    assert locked <= discarded <= gone


def test_what_waited_for_the_release_of_a_hold_went_after_it(installation: Installation) -> None:
    recording = keep(installation, footage(1000))
    erasure = asked(installation, recording)
    placed = now()
    outcome = placing.place(installation.vault, ONE, recording, COMPLAINT, now=placed)
    assert outcome.hold
    hold, lifted = outcome.hold.id, now()
    lifting.lift(installation.vault, ONE, hold, "reason-lapsed", reason="It lapsed.", now=lifted)
    # Its moment was taken before somebody else had the lock, and lifted the hold.
    before = placed + (lifted - placed) / 2
    answer = early.approve(installation.vault, OTHER, erasure, reason=THEN, now=before)
    assert answer.erasure
    with installation.vault.database.reading() as session:
        begun = session.get_one(Disposal, recording)
    assert begun.begun_at == begun.key_destroyed_at == answer.erasure.decided_at == lifted


def test_nobody_decides_on_their_own(small: Installation) -> None:
    officer = small.caller(town.PRIVACY_OFFICER)
    mine = asked(small, keep(small, footage(1000)), officer)
    for decide in (early.approve, early.refuse):
        denied = decide(small.vault, officer, mine, reason=THEN, now=now())
        assert (denied.erasure, denied.decision is None) == (None, False)
        assert denied.decision
        assert [rule.id for rule in denied.decision.reasons] == ["own-erasure"]
    ours = asked(small, keep(small, footage(1000, seed=2)))
    for decide in (early.approve, early.refuse):
        with pytest.raises(OwnErasure):
            decide(small.vault, ONE, ours, reason=THEN, now=now())
    refused = [json.loads(entry.leaf)["facts"] for entry in entries(small, Event.ERASURE_DENIED)]
    assert (
        refused
        == [{"ground": "inside-dwelling"}] * 2 + [{"ground": "inside-dwelling", "refused": "OwnErasure"}] * 2
    )
    assert {row(small, each).decided_at for each in (mine, ours)} == {None}


def test_the_database_wants_two_as_well(installation: Installation) -> None:
    erasure = asked(installation, keep(installation, footage(1000)))
    with pytest.raises(IntegrityError), installation.vault.database.transaction() as session:
        session.execute(update(EarlyErasure).values(decided_by="operator:one", decided_at=now()))
    assert row(installation, erasure).decided_at is None


@pytest.mark.parametrize(
    ("who", "may"),
    [
        (town.OFFICER, "ask"),
        (town.SUPERVISOR, "ask"),
        (town.PRIVACY_OFFICER, "ask and decide"),
        (town.ADMINISTRATOR, "neither"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_who_may(small: Installation, who: town.Resident, may: str) -> None:
    caller = small.caller(who)
    first, second = (keep(small, footage(1000, seed=seed)) for seed in (1, 2))
    ask = early.ask(small.vault, caller, first, ground=INSIDE, reason=WHY, now=now())
    decide = early.refuse(small.vault, caller, asked(small, second), reason=THEN, now=now())
    assert (ask.erasure is not None, decide.erasure is not None) == ("ask" in may, "decide" in may)


def test_who_may_not_read_holds_is_not_told_which(installation: Installation) -> None:
    """An officer who asks to erase what they made does not learn that they are investigated."""
    vault, recording = installation.vault, keep(installation, footage(1000))
    why = Why("complaint", "A complaint about the officer.", "Awb art. 9:4")
    assert placing.place(vault, ONE, recording, why, now=now()).hold
    for who, told in ((town.OFFICER, []), (town.SUPERVISOR, []), (town.PRIVACY_OFFICER, ["complaint"])):
        with pytest.raises(HeldFirst) as refused:
            asked(installation, recording, installation.caller(who))
        assert refused.value.told == {"triggers": told}
        assert ("complaint" in str(refused.value)) == bool(told)


def test_while_something_holds_it_nothing_goes(installation: Installation) -> None:
    vault, recording = installation.vault, keep(installation, footage(1000))
    erasure = asked(installation, recording)
    assert place(vault, recording, now())
    with pytest.raises(HeldFirst) as refused:
        early.approve(vault, OTHER, erasure, reason=THEN, now=now())
    assert refused.value.told == {"triggers": ["complaint"]}
    assert row(installation, erasure).decided_at is None
    assert row_of(installation, recording).state == State.KEPT
    assert json.loads(entries(installation, Event.ERASURE_DENIED)[-1].leaf)["facts"]["refused"] == "HeldFirst"
    with pytest.raises(HeldFirst):
        asked(installation, recording, OTHER)
    # Refused it can be all the while.
    assert early.refuse(vault, OTHER, erasure, reason=THEN, now=now()).erasure


def test_once_the_hold_is_lifted_it_can_go(installation: Installation) -> None:
    vault, recording = installation.vault, keep(installation, footage(1000))
    held(installation, recording, now() - timedelta(hours=1), lifted_at=now(), days_after=90)
    with vault.database.transaction() as session:
        found = session.get_one(Recording, recording)
        found.dispose_after = due_of(session, found, vault.rule_sets.of(town.SLUG).terms)
    # A term that follows a hold is a term like any other.
    assert early.approve(vault, OTHER, asked(installation, recording), reason=THEN, now=now()).erasure
    assert sweep(vault, KEEPER, now=now()).disposed == 1


def test_even_a_hold_that_should_not_have_been_placed_is_lifted_first(small: Installation) -> None:
    """What stands holds; whether it came in time was asked when it was placed."""
    recording = RecordingId(recorded(small, now() - timedelta(days=40)))
    held(small, recording, now())
    with pytest.raises(HeldFirst):
        asked(small, recording)


def test_asked_once_at_a_time(installation: Installation) -> None:
    vault, recording = installation.vault, keep(installation, footage(1000))
    first = asked(installation, recording)
    with pytest.raises(ErasureWaiting):
        asked(installation, recording, OTHER)
    early.withdraw(vault, ONE, first, reason="A mistake in the number.", now=now())
    second = asked(installation, recording, OTHER)
    early.refuse(vault, ONE, second, reason=THEN, now=now())
    assert [row(installation, each).outcome for each in (first, second)] == ["withdrawn", "refused"]
    assert [row(installation, each).decided_by for each in (first, second)] == [None, "operator:one"]
    for again in (first, second):
        with pytest.raises(ErasureClosed):
            early.approve(vault, installation.caller(town.PRIVACY_OFFICER), again, reason=THEN, now=now())
    assert row(installation, asked(installation, recording)).outcome is None


def test_only_who_asked_withdraws(small: Installation) -> None:
    vault, supervisor = small.vault, small.caller(town.SUPERVISOR)
    erasure = asked(small, keep(small, footage(1000)), supervisor)
    for by in (ONE, small.caller(town.PRIVACY_OFFICER)):
        with pytest.raises(NotAsker):
            early.withdraw(vault, by, erasure, reason=THEN, now=now())
    assert early.withdraw(vault, supervisor, erasure, reason=THEN, now=now()).erasure
    [entry] = entries(small, Event.ERASURE_WITHDRAWN)
    assert payload_of(small, entry)["details"]["erasure"] == str(erasure)


def test_what_is_in_quarantine_can_go_too(small: Installation) -> None:
    recording = RecordingId(recorded(small, now(), state="quarantined"))
    assert row(small, asked(small, recording)).outcome is None


@pytest.mark.parametrize("state", ["disposing", "disposed"])
def test_what_is_gone_cannot_go_again(small: Installation, state: str) -> None:
    recording = RecordingId(recorded(small, now(), state=state))
    with pytest.raises(NotThere):
        asked(small, recording)
    denied = early.ask(
        small.vault, small.caller(town.PRIVACY_OFFICER), recording, ground=INSIDE, reason=WHY, now=now()
    )
    assert denied.decision
    assert [rule.id for rule in denied.decision.reasons] == ["footage-disposed"]


def test_a_term_that_is_over_is_no_reason_to_ask(small: Installation) -> None:
    with pytest.raises(ValueError, match="goes by itself"):
        early.ask(small.vault, ONE, RecordingId(new_id()), ground=Ground.TERM_OVER, reason=WHY, now=now())


def test_what_is_not_there_is_unknown(small: Installation) -> None:
    arriving = RecordingId(recorded(small, now(), state="arriving", dispose_after=None))
    for recording in (RecordingId(new_id()), arriving):
        with pytest.raises(facts.Unknown):
            asked(small, recording)
    for verb in (early.approve, early.refuse, early.withdraw):
        with pytest.raises(facts.Unknown):
            verb(small.vault, ONE, new_id(), reason=THEN, now=now())


def test_approved_twice_at_once_goes_once(installation: Installation) -> None:
    recording = keep(installation, footage(1000))
    erasure = asked(installation, recording)
    results = at_once(
        *(lambda: early.approve(installation.vault, OTHER, erasure, reason=THEN, now=now()) for _ in range(4))
    )
    assert sorted(type(result).__name__ for result in results) == ["Answer", *["ErasureClosed"] * 3]
    assert len(entries(installation, Event.RECORDING_DISPOSING)) == 1


@pytest.mark.parametrize("round_", range(12))
def test_approved_or_held_but_never_both(race: Installation, round_: int) -> None:
    """Whoever gets the row first: what is held does not go, and of what went nobody was told it is held."""
    recording = keep(race, footage(1000, seed=100 + round_))
    erasure = asked(race, recording)
    approved, holds = at_once(
        lambda: early.approve(race.vault, OTHER, erasure, reason=THEN, now=now()),
        lambda: place(race.vault, recording, now()),
    )
    gone = row_of(race, recording).state == State.DISPOSING
    assert (isinstance(approved, early.Answer), holds) in ((True, False), (False, True))
    assert isinstance(approved, early.Answer) is gone
    assert gone or isinstance(approved, HeldFirst)


# Of SQLite there is one writer at a time.
@pytest.mark.parametrize("race", ["postgresql"], indirect=True)
def test_a_hold_that_is_not_committed_yet_stops_it_too(race: Installation) -> None:
    recording = keep(race, footage(1000, seed=200))
    erasure = asked(race, recording)
    with ThreadPoolExecutor(1) as pool:
        with race.vault.database.transaction() as session:
            found = session.get_one(Recording, recording, with_for_update={"key_share": True})
            found.dispose_after = UNTIL_RELEASED
            session.add(hold_row(recording, now()))
            session.flush()
            approval = pool.submit(early.approve, race.vault, OTHER, erasure, reason=THEN, now=now())
            time.sleep(0.5)
            assert not approval.done()
        with pytest.raises(HeldFirst):
            approval.result(timeout=20)
    assert row_of(race, recording).state == State.KEPT


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def race(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation on either database for all who race."""
    home = tmp_path_factory.mktemp("race")
    if request.param == "sqlite":
        made = embedded(home)
    else:
        objects = {"objects_url": (home / "objects").as_uri()}
        made = build(home, request.getfixturevalue("postgres").fresh(), objects)
    yield made
    made.vault.database.close()
    made.intake.database.close()


def at_once(*acts: Callable[[], object]) -> list[object]:
    """What each came to, or raised, when all begin at the same moment."""
    barrier = Barrier(len(acts))

    def act(verb: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return verb()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(act, acts))
