"""A vault that listens, on each pair of real parts, and a provider that its people sign in at."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog

from tests.installation import Installation, at_scale, embedded
from tests.provider import HandMade, handmade
from tests.servers.postgres import Postgres
from tests.watching import House, open_house
from vault import completions, logs


@pytest.fixture(autouse=True, scope="session")
def _plain_logs() -> None:
    """Lines without colour and frames: drawing them takes longer than all else that a failure does."""
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            logs.tell_error_by_type,
            structlog.processors.JSONRenderer(),
        ]
    )


@pytest.fixture(autouse=True, scope="session")
def _completions_soon() -> Iterator[None]:
    """Completions are written at once here, not a second later."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(completions, "PAUSE_SECONDS", 0.02)
        yield


@pytest.fixture(scope="session")
def provider() -> Iterator[HandMade]:
    """One provider for all who only want to sign in."""
    with handmade() as made:
        yield made


@pytest.fixture(scope="module", params=["embedded", "at-scale"])
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, provider: HandMade
) -> Iterator[House]:
    """A vault that listens, shared by a file's tests; after them the world must be whole."""
    home = tmp_path_factory.mktemp("house")
    with _standing(request, home, provider) as made, open_house(made, provider) as opened:
        yield opened


@pytest.fixture(params=["embedded", "at-scale"])
def place(request: pytest.FixtureRequest, tmp_path: Path, provider: HandMade) -> Iterator[Installation]:
    """An installation whose people sign in at `provider`; nothing listens. Afterwards it must be whole."""
    with _standing(request, tmp_path, provider) as made:
        yield made


@pytest.fixture
def small_house(tmp_path: Path, provider: HandMade) -> Iterator[House]:
    """A vault that listens, on SQLite and a directory, that one test has for itself and may leave broken."""
    made = embedded(tmp_path, oidc_issuer=provider.issuer)
    with open_house(made, provider) as opened:
        yield opened
    _close(made)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Installation]:
    """An installation on SQLite and a directory that one test has for itself and may leave broken."""
    made = embedded(tmp_path)
    yield made
    _close(made)


@contextmanager
def _standing(request: pytest.FixtureRequest, home: Path, provider: HandMade) -> Iterator[Installation]:
    if request.param == "embedded":
        made = embedded(home, oidc_issuer=provider.issuer)
    else:
        server: Postgres = request.getfixturevalue("postgres")
        gateway = request.getfixturevalue("radosgw")
        made = at_scale(home, server.fresh(), gateway, oidc_issuer=provider.issuer)
    yield made
    made.settle()
    findings = made.amiss()
    _close(made)
    assert findings == []


def _close(made: Installation) -> None:
    made.vault.database.close()
    made.intake.database.close()
