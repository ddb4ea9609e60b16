"""Signals that take several people, raised by what these do through the real verbs; and what raises none."""

from datetime import datetime, time, timedelta

from sqlalchemy import select

from console.demo import town
from policies.retention import AMSTERDAM
from tests.installation import MAKER, Installation
from tests.vault.signals.days import look, now
from tests.watching import REASON, approve, choosing, footage, keep, wish
from vault.ids import RecordingId
from vault.registry import Registrar
from vault.requests import ask, decide
from vault.signals.tables import RaisedSignal
from vault.vault import Caller
from vault.viewing import Viewing, Watching


def person(made: Installation, name: str, *roles: str) -> Caller:
    """Somebody of Voorbeeldstad's team, with these roles."""
    registrar = Registrar(made.vault.database, made.vault.ring, MAKER)
    known = registrar.person(str(made.settings.oidc_issuer), name, name, now=now())
    for role in roles:
        team = town.TEAM if role in ("officer", "supervisor") else ""
        registrar.assign(known, town.SLUG, role, team=team, now=now())
    return Caller(known, name)


def of_kind(made: Installation, kind: str) -> list[RaisedSignal]:
    look(made)
    with made.vault.database.reading() as session:
        return list(session.scalars(select(RaisedSignal).where(RaisedSignal.kind == kind)))


def approved(made: Installation, who: Caller, by: Caller, recording: RecordingId, at: datetime) -> None:
    asked = ask(made.vault, who, wish(recording), now=at)
    answer = decide(made.vault, by, asked.request, approve=True, reason=REASON, now=at + timedelta(minutes=1))
    assert answer.grant


def test_two_people_who_approve_each_other(installation: Installation) -> None:
    one, other, third = (
        person(installation, name, "supervisor", "privacy-officer") for name in ("one", "other", "third")
    )
    recording = keep(installation, footage(1000))
    start = now()
    # Often, but only one way; and once in a circle.
    for minutes in range(0, 30, 5):
        approved(installation, one, other, recording, start + timedelta(minutes=minutes))
    approved(installation, other, third, recording, start + timedelta(minutes=31))
    approved(installation, third, one, recording, start + timedelta(minutes=33))
    assert of_kind(installation, "mutual-approvals") == []
    for minutes in (40, 45):
        approved(installation, other, one, recording, start + timedelta(minutes=minutes))
    assert of_kind(installation, "mutual-approvals") == []
    approved(installation, other, one, recording, start + timedelta(minutes=50))
    [row] = of_kind(installation, "mutual-approvals")
    assert {row.figures["there"], row.figures["back"]} == {3, 6}
    approved(installation, one, other, recording, start + timedelta(minutes=55))
    assert len(of_kind(installation, "mutual-approvals")) == 1


def test_many_viewers_of_one_recording(installation: Installation) -> None:
    made = installation
    viewers = [person(made, f"viewer-{number}", "supervisor") for number in range(5)]
    recording, other = keep(made, footage(1000)), keep(made, footage(1000, seed=2))

    def watch(who: Caller, which: RecordingId, times: int = 1) -> None:
        asked = ask(made.vault, who, wish(which), now=now())
        grant = approve(made, asked.request).grant
        assert grant
        for _ in range(times):
            assert isinstance(Watching(made.vault).watch(who, grant, choosing(0, 9), now=now()), Viewing)

    for who in viewers[:4]:
        watch(who, recording, times=3)
    watch(viewers[4], other)
    assert of_kind(made, "many-viewers") == []
    watch(viewers[4], recording)
    [row] = of_kind(made, "many-viewers")
    assert (row.figures["persons"], row.figures["at_least"]) == (5, 5)


def amsterdam(weekday: int, hour: int, minute: int = 0) -> datetime:
    """Next week's day, by the clock in Amsterdam."""
    today = now().astimezone(AMSTERDAM).date()
    day = today + timedelta(days=7 - today.weekday() + weekday)
    return datetime.combine(day, time(hour, minute), AMSTERDAM)


def test_a_request_out_of_hours(installation: Installation) -> None:
    recording = keep(installation, footage(1000))
    before = {row.id for row in of_kind(installation, "requested-out-of-hours")}

    def told(at: datetime) -> list[str]:
        ask(installation.vault, installation.caller(town.SUPERVISOR), wish(recording), now=at)
        rows = [row for row in of_kind(installation, "requested-out-of-hours") if row.id not in before]
        before.update(row.id for row in rows)
        return [row.figures["clock"] for row in rows]

    assert told(amsterdam(0, 12)) == []
    assert told(amsterdam(1, 3, 15)) == ["03:15"]
    # Once a day; and a Sunday is out of hours all day.
    assert told(amsterdam(1, 3, 45)) == []
    assert told(amsterdam(6, 12)) == ["12:00"]
