"""The year's days: what happens at which hour, and what happens once."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import func, select

from policies.retention import UNTIL_RELEASED
from tests.year import acting, arriving, backups, rounds, ruling
from tests.year.arriving import Shot
from tests.year.backups import Backup
from tests.year.ledger import AMSTERDAM
from tests.year.picture import Week
from tests.year.places import Place
from tests.year.world import World
from vault.disposal.tables import Disposal
from vault.invariants import check_all
from vault.tables import Recording, State

ROUNDS = (5, 9, 13, 17, 21, 25)
"""Hours of the day at which the keeper goes round; the day ends in the night after it."""
SHIFT_ENDS = 23
KILLED, ERASED, REGIME, HELD, LIFTED, ASKED, LAST_DAY = 0.15, 0.07, 0.1, 0.25, 0.2, 0.8, 0.3
BACKUP_DAYS = 7
OLD_BACKUP_DAYS = 35
"""So old that the keys of nearly all that is in it are gone."""
FORGOTTEN_AFTER = 42
QUARTER = 13
"""Weeks. The check comes no more often: it reads the whole trail, minutes long at the end of the year."""

Act = tuple[datetime, Callable[[], None]]


class Play:
    """The year as it is played."""

    def __init__(self, world: World, recordings: int) -> None:
        self.world = world
        self.weeks: list[Week] = []
        self.events: list[tuple[date, str]] = []
        self.complaints: list[str] = []
        self._recordings = recordings
        self._backups: list[Backup] = []
        self._disposed = 0

    def day(self, number: int, days: int) -> None:
        """One day, from four to four in the morning or so."""
        today = self.world.now.astimezone(AMSTERDAM).date()
        acts = [*self._keeper(today), *self._shifts(today), *self._people(today), *self._rare(number, days)]
        for at, act in acts:
            self.world.plan(at, act)
        self.world.play(until=_at(today + timedelta(days=1), 3.5))
        rounds.keep_house_at_night(self.world)
        if number % 7 == 6:
            self._look(today)
        if number % BACKUP_DAYS == 0:
            self._backups.append(backups.make(self.world))
            self._try_old_backup()

    def end(self) -> None:
        """The last night: whatever can be finished, is."""
        for _ in range(3):
            self.world.clock.now += timedelta(hours=4)
            rounds.keep_house_at_night(self.world)

    def _keeper(self, today: date) -> list[Act]:
        return [(_at(today, hour), self._keep_house) for hour in ROUNDS]

    def _keep_house(self) -> None:
        if self.world.dice.random() < KILLED / len(ROUNDS):
            rounds.die_keeping_house(self.world)
        rounds.keep_house(self.world)

    def _shifts(self, today: date) -> list[Act]:
        acts: list[Act] = []
        for place in self.world.places:
            share, rest = divmod(self._recordings, len(self.world.places))
            shots = [self._shot(place, today) for _ in range(share + (self.world.places.index(place) < rest))]
            # The dock takes a camera at the end of the shift, or the next morning, or after the weekend.
            late = self.world.dice.choice([0, 0, 0, 0, 9, 60])
            acts.append((_at(today, SHIFT_ENDS) + timedelta(hours=late), self._docking(place, shots)))
        return acts

    def _docking(self, place: Place, shots: list[Shot]) -> Callable[[], None]:
        return lambda: arriving.dock(self.world, place, shots)

    def _shot(self, place: Place, today: date) -> Shot:
        number = self.world.dice.randrange(len(place.cameras))
        hour = self.world.dice.uniform(0, SHIFT_ENDS)
        return Shot(place.cameras[number], place.officers[number], _at(today, hour))

    def _people(self, today: date) -> list[Act]:
        chances = (
            (ASKED, acting.ask_for_something),
            (ASKED, acting.ask_for_something),
            (LAST_DAY, acting.ask_at_the_last_moment),
            (HELD, acting.hold_something),
            (LIFTED, acting.lift_something),
            (ERASED, acting.erase_something),
            (REGIME, acting.change_a_regime),
        )
        return [
            (_at(today, self.world.dice.uniform(8, 18)), self._act(act, place))
            for place in self.world.places
            for chance, act in chances
            if self.world.dice.random() < chance
        ]

    def _act(self, act: Callable[[World, Place], None], place: Place) -> Callable[[], None]:
        return lambda: act(self.world, place)

    def _rare(self, number: int, days: int) -> list[Act]:
        """What happens once: at a third of the year, a half, two thirds, and at four fifths."""
        today = self.world.now.astimezone(AMSTERDAM).date()
        once = {
            days // 3: self._store_away,
            days // 2: self._lose_the_disk,
            2 * days // 3: self._change_rules,
            4 * days // 5: self._store_away,
        }
        return [(_at(today, 4.5), once[number])] if number in once else []

    def _store_away(self) -> None:
        self._happened("the store was away for a round")
        hidden = self.world.home / "objects" / ".arriving"
        hidden.rename(hidden.with_name(".away"))
        try:
            rounds.keep_house(self.world)
        finally:
            hidden.with_name(".away").rename(hidden)

    def _lose_the_disk(self) -> None:
        self._happened("the disk was lost; restored from the backup")
        backups.lose_everything_but(self.world, backups.make(self.world))

    def _change_rules(self) -> None:
        place = next(each for each in self.world.places if each.slug == ruling.CHANGING)
        self._happened(f"{place.habits.name}: {ruling.DAYS} days instead of {self.world.terms[place.slug]}")
        ruling.change(self.world, place)

    def _try_old_backup(self) -> None:
        for old in [each for each in self._backups if backups.age(each, self.world.now) > FORGOTTEN_AFTER]:
            backups.forget(old)
            self._backups.remove(old)
        for old in self._backups:
            if backups.age(old, self.world.now) == OLD_BACKUP_DAYS:
                tried = backups.try_to_open(self.world, old)
                self.world.count("wrapped keys in old backups of what is gone", tried.gone)
                self.world.count("… of which open", tried.gone_opened)
                self.world.count("wrapped keys in old backups of what is kept", tried.kept)
                if tried.gone_opened:
                    self.complaints.append(f"the backup of {old.day} opens {tried.gone_opened} that are gone")

    def _look(self, today: date) -> None:
        """How things stand; the check finds nothing, every quarter."""
        world = self.world
        with world.vault.database.reading() as session:
            kept = select(func.count()).where(Recording.state.in_([State.KEPT, State.QUARANTINED]))
            stored = session.scalar(kept) or 0
            held = session.scalar(kept.where(Recording.dispose_after == UNTIL_RELEASED)) or 0
            overdue = session.scalar(kept.where(Recording.dispose_after <= world.now)) or 0
            disposed = session.scalar(select(func.count()).where(Disposal.disposed_at.is_not(None))) or 0
        self.weeks.append(Week(today, stored, held, disposed - self._disposed, overdue))
        self._disposed = disposed
        if len(self.weeks) % QUARTER == 0:
            ruling.begin_epoch(world)
            found = check_all(world.vault, now=world.now)
            self.complaints += [f"{today}: check: {each.check} {each.about}" for each in found]

    def _happened(self, what: str) -> None:
        self.events.append((self.world.now.astimezone(AMSTERDAM).date(), what))


def _at(day: date, hour: float) -> datetime:
    """That time on the clock in Amsterdam."""
    whole = timedelta(hours=hour)
    return (datetime.combine(day, time()) + whole).replace(tzinfo=AMSTERDAM).astimezone(UTC)
