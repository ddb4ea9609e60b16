"""A first look: an installation is made on both pairs of parts."""

from tests.installation import Installation


def test_an_installation_answers(installation: Installation) -> None:
    installation.vault.database.check()
    installation.vault.store.check()
    assert installation.town.people
