"""The means of the vault, opened from its settings: in doubt it does not start."""

from pathlib import Path

import pytest

from console.demo import town
from tests.installation import Installation
from vault.ids import PersonId, new_id
from vault.keys import KeyRingError
from vault.vault import Caller, open_vault


def test_it_opens_what_the_settings_name(small: Installation) -> None:
    opened = open_vault(small.settings)
    opened.database.check()
    opened.store.check()
    opened.database.close()


def test_it_does_not_take_the_ring_of_ingest(small: Installation) -> None:
    with pytest.raises(KeyRingError, match="ingest"):
        open_vault(small.settings.model_copy(update={"keys": small.ingest_settings.keys}))


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_it_does_not_take_keys_that_others_can_read(small: Installation, mode: int) -> None:
    secret = next((small.settings.keys / "ring").rglob("private.pem"))
    secret.chmod(mode)
    with pytest.raises(KeyRingError, match=r"private\.pem"):
        open_vault(small.settings)


def test_it_does_not_start_without_a_ring(small: Installation, tmp_path: Path) -> None:
    with pytest.raises(KeyRingError):
        open_vault(small.settings.model_copy(update={"keys": tmp_path / "nowhere"}))


def test_nothing_is_made_by_opening(small: Installation, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    opened = open_vault(small.settings.model_copy(update={"objects_url": elsewhere.as_uri()}))
    assert not elsewhere.exists()
    opened.database.close()


def test_a_caller_is_told_of_with_their_roles() -> None:
    person = PersonId(new_id())
    actor = Caller(person, "Sam").as_actor(frozenset({"supervisor", "decider"}))
    assert (actor.kind, actor.id, actor.name) == ("person", str(person), "Sam")
    assert actor.roles == ("decider", "supervisor")
    assert town.SUPERVISOR.name != actor.name
