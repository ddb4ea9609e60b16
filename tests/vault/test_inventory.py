"""Both sides of the store, recording by recording, in one order, whatever is on either."""

from uuid import UUID

import pytest
from sqlalchemy import update

from tests.installation import Installation
from tests.watching import PART, footage, keep
from vault import inventory
from vault.ids import new_id
from vault.inventory import amiss_still, shelves
from vault.tables import Part, Recording, State


def orphan(installation: Installation, recording: object) -> str:
    name = f"{recording}/000000-{'a' * 16}"
    installation.vault.store.put(name, b"?")
    return name


def test_every_recording_stands_once_with_both_sides(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inventory, "AT_ONCE", 2)
    kept = [keep(installation, footage((index + 1) * PART, seed=index)) for index in range(5)]
    first, last = UUID(int=1), UUID("f" * 32)
    alone = [orphan(installation, each) for each in (first, last)]
    beside = orphan(installation, kept[2])
    found = list(shelves(installation.vault.database, installation.vault.store))
    assert [shelf.recording for shelf in found] == sorted([first, *kept, last])
    by_id = {shelf.recording: shelf for shelf in found}
    for index, recording in enumerate(kept):
        assert len(by_id[recording].owned) == index + 1
        assert {each.state for each in by_id[recording].owned} == {State.KEPT}
        assert list(by_id[recording].amiss()) == []
    left = [each.name for shelf in found for each in shelf.without_owner()]
    assert left == [alone[0], beside, alone[1]]
    for name in (*alone, beside):
        installation.vault.store.discard(name)


def test_what_is_missing_or_cut_is_amiss_unless_its_recording_goes(small: Installation) -> None:
    recording = keep(small, footage(2 * PART))
    names = [each.name for each in small.vault.store.list("")]
    small.vault.store.discard(names[0])
    [shelf] = shelves(small.vault.database, small.vault.store)
    [(part, there)] = shelf.amiss()
    assert (part.name, there) == (names[0], False)
    assert amiss_still(small.vault.database, small.vault.store, part)
    small.vault.store.put(names[0], bytes(part.size - 1))
    [shelf] = shelves(small.vault.database, small.vault.store)
    assert [there for _, there in shelf.amiss()] == [True]
    for state in (State.DISPOSING, State.ABANDONED, State.DUPLICATE):
        set_state(small, recording, state)
        assert not amiss_still(small.vault.database, small.vault.store, part)
        [shelf] = shelves(small.vault.database, small.vault.store)
        assert list(shelf.amiss()) == []


def set_state(installation: Installation, recording: UUID, state: State) -> None:

    with installation.vault.database.transaction() as session:
        session.execute(update(Recording).where(Recording.id == recording).values(state=state))


def test_a_row_that_names_no_object_is_amiss(small: Installation) -> None:
    recording = keep(small, footage(PART))
    with small.vault.database.transaction() as session:
        part = session.get_one(Part, (recording, 0))
        part.object_name = "../etc/passwd"
    [shelf] = shelves(small.vault.database, small.vault.store)
    [(found, there)] = shelf.amiss()
    assert not there
    assert amiss_still(small.vault.database, small.vault.store, found)


def test_nothing_on_either_side(small: Installation) -> None:
    assert list(shelves(small.vault.database, small.vault.store)) == []
    name = orphan(small, new_id())
    [shelf] = shelves(small.vault.database, small.vault.store)
    assert [each.name for each in shelf.stored] == [name]
