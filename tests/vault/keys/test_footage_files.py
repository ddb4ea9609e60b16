"""Keys that open footage, as files: what dying leaves of a destroyed one goes."""

import shutil
from datetime import date

import pytest

from tests.vault.keys.conftest import Folders
from vault.keys import FootageFiles, Role, rotate_sealing

PLACE, DAY = "noordwijk", date(2026, 12, 24)


@pytest.mark.parametrize("of_intake", [True, False])
def test_what_dying_leaves_of_a_key_goes_when_it_is_destroyed_again(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, of_intake: bool
) -> None:
    """Or an entry would tell that a key is destroyed which still stands on the disk."""
    keys = FootageFiles(folders.vault, Role.VAULT, beside=folders.ingest)
    key_id = keys.intake_keys(PLACE)[0] if of_intake else keys.make_day_key(PLACE, DAY)
    if of_intake:
        rotate_sealing(*folders, PLACE)
    remove = shutil.rmtree
    with monkeypatch.context() as dying:
        dying.setattr(shutil, "rmtree", lambda at: remove(at) if folders.ingest in at.parents else 1 // 0)
        with pytest.raises(ZeroDivisionError):
            keys.destroy(key_id)
    assert list(folders.vault.glob(".new-*"))
    keys.destroy(key_id)
    assert not [left for ring in folders for left in ring.glob(".new-*")]
