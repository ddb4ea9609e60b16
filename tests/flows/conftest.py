"""The vault's houses and the docks' doors, for journeys through them."""

from tests.ingest.conftest import any_dock, own, standing
from tests.vault.conftest import _completions_soon, _plain_logs, house, place, provider, small, small_house

__all__ = ["_completions_soon", "_plain_logs", "house", "place", "provider", "small", "small_house"]
__all__ += ["any_dock", "own", "standing"]
