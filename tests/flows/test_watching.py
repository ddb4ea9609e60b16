"""A player's journey: seeking at random, several at once, and two vaults of which either may answer."""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
import requests
from sqlalchemy import delete

from console.demo import town
from tests.installation import Installation, free_port, listening
from tests.provider import HandMade
from tests.watching import PART, House, entries, eventually, footage, granted, ids, keep, problem
from vault.audit import Event
from vault.grants import revoke
from vault.tables import SealedKey
from vault.web.app import make_app

PLAIN = footage(9 * PART + 4321, seed=12)


class Player:
    """What plays footage under one grant, at whichever of the doors it is led to."""

    def __init__(self, doors: list[str], grant: object, token: str) -> None:
        self._doors = doors
        self._path = f"/api/v1/grants/{grant}/footage"
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token}"
        self._asked = 0

    def ask(self, span: str | None) -> requests.Response:
        """One range, from the next door in turn."""
        self._asked += 1
        headers = {"Range": f"bytes={span}"} if span else {}
        door = self._doors[self._asked % len(self._doors)]
        return self._session.get(door + self._path, headers=headers, timeout=30)


@pytest.fixture
def doors(place: Installation) -> Iterator[list[str]]:
    """Two vaults over the same installation: neither knows of the other."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(listening(make_app(place.vault, place.settings), free_port()))
            for _ in range(2)
        ]


@pytest.fixture
def player(place: Installation, doors: list[str], provider: HandMade) -> Player:
    grant = granted(place, keep(place, PLAIN))
    return Player(doors, grant, provider.token(town.SUPERVISOR.subject))


def test_many_seek_at_once(place: Installation, player: Player) -> None:
    def seek(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(8):
            first = chance.randrange(len(PLAIN))
            last = min(len(PLAIN) - 1, first + chance.choice([0, 15, 16_384, PART, 3 * PART]))
            answer = player.ask(f"{first}-{last}")
            assert answer.status_code == 206
            assert answer.content == PLAIN[first : last + 1]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(seek, range(4)))
    served = entries(place, Event.VIEWING_SERVED)
    assert len(served) == 32
    completed = eventually(lambda: len(found := entries(place, Event.VIEWING_COMPLETED)) == 32 and found)
    # Each range is followed by its own completion, and all of each was sent.
    leaves = {str(entry.id): json.loads(entry.leaf)["facts"] for entry in served}
    told = Counter(json.loads(entry.leaf)["prev"] for entry in completed)
    assert told == Counter(leaves.keys())
    for entry in completed:
        leaf = json.loads(entry.leaf)
        assert leaf["facts"] == {
            **leaves[leaf["prev"]],
            "bytes": leaf["facts"]["last"] - leaf["facts"]["first"] + 1,
        }


def test_playing_from_begin_to_end(player: Player) -> None:
    """As a browser plays: a first open range, then one after the other."""
    digest, at, piece = hashlib.sha256(), 0, 100_000
    while at < len(PLAIN):
        answer = player.ask(f"{at}-{at + piece - 1}")
        digest.update(answer.content)
        at += len(answer.content)
        assert answer.headers["Content-Range"].endswith(f"/{len(PLAIN)}")
    assert digest.digest() == hashlib.sha256(PLAIN).digest()
    assert player.ask("0-").content == PLAIN


def test_what_one_vault_revoked_the_other_does_not_show(
    place: Installation, doors: list[str], provider: HandMade
) -> None:
    grant = granted(place, keep(place, PLAIN))
    player = Player(doors, grant, provider.token(town.SUPERVISOR.subject))
    assert {player.ask("0-9").status_code for _ in range(4)} == {206}
    officer = place.caller(town.PRIVACY_OFFICER)
    revoke(place.vault, officer, grant, reason="It was a mistake.", now=datetime.now(UTC))
    for _ in range(4):
        assert ids(problem(player.ask("0-9"), 403, "denied")) == ["grant-revoked"]
    assert len(entries(place, Event.VIEWING_DENIED)) == 4


@pytest.mark.parametrize("place", ["embedded"], indirect=True)
def test_a_range_under_way_ends_and_the_next_is_refused(
    place: Installation, doors: list[str], provider: HandMade
) -> None:
    """Revoking takes effect at the next range: what was accounted for is sent to its end."""
    grant = granted(place, keep(place, PLAIN))
    url = f"{doors[0]}/api/v1/grants/{grant}/footage"
    headers = {"Authorization": f"Bearer {provider.token(town.SUPERVISOR.subject)}"}
    with requests.get(url, headers=headers, stream=True, timeout=30) as answer:
        pieces = answer.iter_content(1000)
        received = next(pieces)
        officer = place.caller(town.PRIVACY_OFFICER)
        revoke(place.vault, officer, grant, reason="It was a mistake.", now=datetime.now(UTC))
        received += b"".join(pieces)
    assert received == PLAIN
    problem(requests.get(url, headers=headers, timeout=30), 403, "denied")


def test_a_destroyed_key_ends_all_of_it(small_house: House) -> None:
    """Law 3: whatever else is left, what has lost its key is not shown; not by any vault, open or new."""
    made = small_house.installation
    grant = small_house.grant()
    assert small_house.watch(grant, "0-9").content == small_house.plain[:10]
    with made.vault.database.transaction() as session:
        session.execute(delete(SealedKey))
    problem(small_house.watch(grant, "0-9"), 404, "not-found")
    token = small_house.provider.token(town.SUPERVISOR.subject)
    with listening(make_app(made.vault, made.settings), free_port()) as door:
        problem(Player([door], grant, token).ask("0-9"), 404, "not-found")
