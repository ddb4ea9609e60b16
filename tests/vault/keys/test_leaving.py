"""A municipality's keys out of both rings: all of its, none of another's, in a safe order."""

from datetime import date

import pytest

from tests.vault.keys.conftest import Folders
from vault.keys import KeyNotHeld, KeyRing, folder
from vault.keys.leaving import destroy_municipality


def test_all_of_its_keys_go_and_no_other(folders: Folders) -> None:
    vault, ingest = folders.load()
    for municipality in ("noordwijk", "den-helder"):
        vault.footage.make_day_key(municipality, date(2026, 12, 24))
    assert destroy_municipality(*folders, "noordwijk") == 3
    assert destroy_municipality(*folders, "noordwijk") == 0
    for ring in (vault, ingest, *folders.load()):
        assert ring.footage.municipalities() == {"den-helder"}
    assert {key.municipality for key in vault.footage.day_keys().values()} == {"den-helder"}


def test_the_rings_of_the_last_one_still_load(folders: Folders) -> None:
    for municipality in ("noordwijk", "den-helder"):
        destroy_municipality(*folders, municipality)
    for ring in folders:
        assert KeyRing.load(ring).footage.municipalities() == frozenset()


def test_dying_in_between_leaves_nobody_who_wraps_in_vain(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault, ingest = folders.load()
    real = folder.destroy

    def once(ring: object, target: object) -> bool:
        monkeypatch.setattr(folder, "destroy", dying)
        return real(ring, target)  # type: ignore[arg-type]

    def dying(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(folder, "destroy", once)
    with pytest.raises(KeyboardInterrupt):
        destroy_municipality(*folders, "noordwijk")
    monkeypatch.undo()
    with pytest.raises(KeyNotHeld):
        ingest.footage.intake_keys("noordwijk")
    assert vault.footage.intake_keys("noordwijk")
    assert destroy_municipality(*folders, "noordwijk") == 1


def test_rings_that_are_taken_for_each_other_are_refused(folders: Folders) -> None:
    for rings in ((folders.ingest, folders.vault), (folders.vault, folders.vault)):
        with pytest.raises(ValueError, match="ring"):
            destroy_municipality(*rings, "noordwijk")
    assert folders.load()[1].footage.municipalities() == {"noordwijk", "den-helder"}
