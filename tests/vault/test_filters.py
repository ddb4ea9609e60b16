"""The rows that SQL gives are those for which the rules say yes: no row more, no row less, on both databases.

By every published rule set, by rules made up at random, for everybody, on both sides of every boundary.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

import policies
from policies.conditions import Among, Condition, Contains, Fact, Present, Undecided
from policies.engine import RuleSet
from policies.facts import Action, Person, Search, Situation
from policies.lists import LISTED
from policies.retention import years_before
from policies.wpg import Stage, state_of
from tests.vault.rows import NOW, Rows, make_rows
from tests.vault.written import EACH, rule, rules
from vault import facts, tables
from vault.db import Database
from vault.filters import NoColumn, _written, clause_of
from vault.ids import new_id
from vault.rulesets import known_roles, shared_texts
from vault.schema import migrate
from vault.tables import State

FOLDERS = sorted(path.parent for path in (Path(policies.__file__).parent / "rulesets").glob("*/terms.toml"))
MAKER, DEPICTED = Fact("recording.maker", "Person"), Fact("recording.depicted", "Set")
EXAMPLES = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    if request.param == "sqlite":
        made = Database(f"sqlite:///{tmp_path_factory.mktemp('rows') / 'x.db'}")
    else:
        made = Database(request.getfixturevalue("postgres").fresh())
    migrate(made)
    yield made
    made.close()


class _Over(Exception):
    """The world is no longer needed."""


@contextmanager
def forgetting(database: Database) -> Iterator[Session]:
    """A transaction of which nothing stays."""
    try:
        with database.transaction() as session:
            yield session
            raise _Over
    except _Over:
        pass


@cache
def texts(folder: Path) -> dict[str, str]:
    return {
        path.name: path.read_text("utf-8") for path in folder.iterdir() if path.suffix in (".cedar", ".toml")
    }


@cache
def rule_set(folder: Path, more: str = "") -> RuleSet:
    own = texts(folder) | ({"more.cedar": more} if more else {})
    return RuleSet.parse(folder.name, own, shared_texts())


def by_sql(
    session: Session, rules: RuleSet, person: Person, action: Action, purpose: str, search: Search | None
) -> set[UUID]:
    """The rows of a list, as the database chooses them."""
    left = rules.remaining(person, action, now=NOW, purpose=purpose, search=search)
    query = select(tables.Recording.id)
    if action is Action.READ_REQUEST:
        query = select(tables.Request.id).join(
            tables.Recording, tables.Recording.id == tables.Request.recording_id
        )
    elif action is not Action.FIND:
        query = select(tables.Grant.id).join(
            tables.Recording, tables.Recording.id == tables.Grant.recording_id
        )
    return set(
        session.scalars(
            query.where(
                tables.Recording.municipality_id == rules.municipality, clause_of(session, left.condition)
            )
        )
    )


def by_rules(
    session: Session, rules: RuleSet, person: Person, action: Action, purpose: str, search: Search | None
) -> set[UUID]:
    """The rows of a list, each of them decided on."""
    rows = list(_situations(session, rules, person, action, purpose, search))
    # What Cedar says of each by itself, whatever was answered before.
    one_by_one = [rules._evaluate(situation) for _, situation in rows]
    assert rules.decide_each([situation for _, situation in rows]) == one_by_one
    assert [rules.decide(situation) for _, situation in rows] == one_by_one
    return {thing for (thing, _), decision in zip(rows, one_by_one, strict=True) if decision.permitted}


def _situations(
    session: Session, rules: RuleSet, person: Person, action: Action, purpose: str, search: Search | None
) -> Iterator[tuple[UUID, Situation]]:
    rows = (facts.as_recording(session, row) for row in session.scalars(select(tables.Recording)))
    here = {row.id: row for row in rows if row.municipality == rules.municipality}
    if action is Action.FIND:
        for recording in here.values():
            yield recording.id, Situation(person, action, recording, purpose, NOW, search=search)
    elif action is Action.READ_REQUEST:
        for row in session.scalars(select(tables.Request).where(tables.Request.recording_id.in_(here))):
            asked, recording = facts.as_request(row), here[row.recording_id]
            yield row.id, Situation(person, action, recording, asked.purpose, NOW, request=asked)
    else:
        for found in session.scalars(select(tables.Grant).where(tables.Grant.recording_id.in_(here))):
            grant, recording = facts.as_grant(found), here[found.recording_id]
            yield found.id, Situation(person, action, recording, grant.purpose, NOW, grant=grant)


def check(database: Database, rules: RuleSet, action: Action, seed: int) -> int:
    """Everybody in a world asks for everything they can; how many rows they got."""
    rows = 0
    offered = sorted(rules.terms.purposes)[:3]
    purposes = [*offered, "functioneringsgesprek", "zelfevaluatie", "klacht", "unheard-of"]
    with forgetting(database) as session:
        made = make_rows(session, rules.municipality, [*sorted(known_roles()), "ghost"], purposes, seed)
        for person, purpose, search in _asking(session, rules, made, action, purposes):
            sql = by_sql(session, rules, person, action, purpose, search)
            decided = by_rules(session, rules, person, action, purpose, search)
            assert sql == decided, (person, purpose, search)
            rows += len(decided)
    return rows


def _asking(
    session: Session, rules: RuleSet, made: Rows, action: Action, purposes: list[str]
) -> Iterator[tuple[Person, str, Search | None]]:
    for id_ in made.people:
        person = facts.person(session, id_, rules.municipality, rules.terms.shares_with)
        if action is not Action.FIND:
            yield person, "", None
            continue
        yield from ((person, purpose, None) for purpose in (purposes[0], "zelfevaluatie", "unheard-of"))
        yield from ((person, search.purpose, search) for search in made.searches)


@pytest.mark.parametrize("action", LISTED)
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_published_rule_sets(database: Database, folder: Path, action: Action) -> None:
    assert sum(check(database, rule_set(folder), action, seed) for seed in range(8)) > 0


def test_police_data_is_found_by_its_age(database: Database) -> None:
    """On both sides of each stage, to the millisecond as the rules count."""
    [folder] = (folder for folder in FOLDERS if folder.name == "voorbeeldstad")
    rules = rule_set(folder)
    ages = [
        years_before(NOW, years) + timedelta(microseconds=each) for years in (1, 5, 10) for each in _STEPS
    ]
    with forgetting(database) as session:
        made = make_rows(session, rules.municipality, ["officer", "auditor"], ["klacht"], seed=1)
        session.execute(delete(tables.Assignment))
        session.execute(update(tables.Person).values(active=True))
        officer = made.people[0]
        session.add(
            tables.Assignment(
                person_id=officer, municipality_id=rules.municipality, role="officer", team="centrum"
            )
        )
        [kept, *_] = session.scalars(select(tables.Recording))
        held = {"state": State.KEPT, "regime": "wpg", "officer_id": officer, "length": 1}
        due = {"dispose_after": NOW + timedelta(days=1), "municipality_id": rules.municipality}
        rows = {new_id(): at for at in ages}
        for id_, at in rows.items():
            row = {"id": id_, "sha256": str(id_), "camera_id": kept.camera_id, "recorded_at": at, "team": ""}
            session.add(tables.Recording(**row, **held, **due))
        session.flush()
        person = facts.person(session, officer, rules.municipality)
        for purpose, stages in (
            ("zelfevaluatie", {Stage.FREE}),
            ("aangifte", {Stage.FREE, Stage.COMPARED}),
            ("klacht", {Stage.FREE, Stage.COMPARED, Stage.REMOVED}),
        ):
            found = by_sql(session, rules, person, Action.FIND, purpose, None)
            assert found == by_rules(session, rules, person, Action.FIND, purpose, None)
            told = {id_ for id_, at in rows.items() if state_of(at, NOW) in stages}
            assert found & rows.keys() == told
            assert told
            assert told < rows.keys()


_STEPS = (-1000, -457, -456, -1, 0, 1, 543, 544, 1000, 1500)
"""Microseconds around a stage; NOW is no whole millisecond."""


@pytest.mark.parametrize("effect", ["permit", "forbid"])
def test_each_condition_by_itself(database: Database, effect: str) -> None:
    [folder] = (folder for folder in FOLDERS if folder.name == "voorbeeldstad")
    for number, (action, condition) in enumerate(EACH):
        more = rule(effect, action, f"when {{ {condition} }}")
        check(database, rule_set(folder, more), action, seed=number)


@pytest.mark.parametrize("action", LISTED)
@EXAMPLES
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_rules_that_a_municipality_may_write(
    database: Database, action: Action, data: st.DataObject, seed: int
) -> None:
    more = data.draw(rules(action))
    folder = data.draw(st.sampled_from(FOLDERS))
    check(database, rule_set(folder, more), action, seed)


@pytest.mark.parametrize(
    "spelled", ["x", "8BB7C3A0-0000-7000-8000-000000000000", "8bb7c3a0000070008000000000000000"]
)
def test_an_id_that_is_spelled_otherwise_is_another(spelled: str) -> None:
    """Cedar compares ids as texts. The database would not."""
    assert str(_written(Among(MAKER, frozenset({spelled})), True)) == "false"
    assert str(_written(Contains(DEPICTED, spelled), True)) == "false"
    ours = spelled.lower() if "-" in spelled else str(UUID(int=1))
    assert "officer_id" in str(_written(Among(MAKER, frozenset({ours})), True))


@pytest.mark.parametrize(
    "condition", [Undecided(), Present(Fact("recording.length", "Long")), Contains(MAKER, str(UUID(int=1)))]
)
def test_a_fact_without_a_column_is_a_bug(condition: Condition) -> None:
    with pytest.raises(NoColumn):
        _written(condition, True)
