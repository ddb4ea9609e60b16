"""The vault's houses, for journeys through them."""

from tests.vault.conftest import _completions_soon, _plain_logs, house, place, provider, small, small_house

__all__ = ["_completions_soon", "_plain_logs", "house", "place", "provider", "small", "small_house"]
