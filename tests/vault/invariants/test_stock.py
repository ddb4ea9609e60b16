"""Every part has its object: what is missing or cut is found; what only moved meanwhile is not."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.disposing import kept, swept
from tests.installation import Installation
from tests.watching import PART, footage, keep, parts_on_disk
from vault.finding import Finding
from vault.ids import RecordingId
from vault.invariants import stock
from vault.invariants.depth import Tally, quiet
from vault.inventory import Shelf, amiss_still, shelves
from vault.tables import Part


def test_all_is_there(installation: Installation) -> None:
    for seed in range(3):
        keep(installation, footage(2 * PART, seed=seed))
    tally = Tally()
    assert list(stock.check(installation.vault, tell=tally)) == []
    assert tally.looked_at["stored"] == 3


def test_what_is_missing_and_what_is_cut_are_told_apart(small: Installation) -> None:
    keep(small, footage())
    lost, cut = parts_on_disk(small)[:2]
    lost.unlink()
    cut.chmod(0o600)
    cut.write_bytes(cut.read_bytes()[:-1])
    found = {each.check: each.about for each in stock.check(small.vault, tell=quiet)}
    assert found == {
        "object-missing": f"{lost.parent.name}/{lost.name}",
        "object-of-wrong-size": f"{cut.parent.name}/{cut.name}",
    }


def test_the_object_of_another_recording_is_not_its_own(installation: Installation) -> None:
    """Its row names an object of the right length that is somebody else's."""
    recordings = [keep(installation, footage(100, seed=seed)) for seed in range(2)]
    exchange(installation, recordings)
    found = list(stock.check(installation.vault, tell=quiet))
    assert [each.check for each in found] == ["object-missing"] * 2
    exchange(installation, recordings)
    assert list(stock.check(installation.vault, tell=quiet)) == []


def exchange(installation: Installation, recordings: list[RecordingId]) -> None:
    """Let each of two recordings name the other's object."""
    with installation.vault.database.transaction() as session:
        first, second = (session.get_one(Part, (each, 0)) for each in recordings)
        names = first.object_name, second.object_name
        first.object_name = "-"
        session.flush()
        second.object_name = names[0]
        session.flush()
        first.object_name = names[1]


def test_what_went_with_its_disposal_meanwhile_is_no_finding(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = kept(installation)

    def late(*given: Any) -> Iterator[Shelf]:
        found = [replace(each, owned=()) for each in shelves(*given)]
        assert [each.recording for each in found if each.stored] == [recording]
        assert swept(installation).disposed == 1
        return iter(found)

    monkeypatch.setattr(stock, "shelves", late)
    assert list(stock.check(installation.vault, tell=quiet)) == []


def test_what_came_back_when_asked_again_is_no_finding(
    small: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(small, footage())
    path = parts_on_disk(small)[0]
    content = path.read_bytes()
    path.unlink()

    def late(*given: object) -> bool:
        path.write_bytes(content)
        return amiss_still(*given)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(stock, "amiss_still", late)
    assert list(stock.check(small.vault, tell=quiet)) == []
    path.unlink()
    monkeypatch.undo()
    assert list(stock.check(small.vault, tell=quiet)) == [
        Finding("object-missing", f"{path.parent.name}/{path.name}")
    ]
