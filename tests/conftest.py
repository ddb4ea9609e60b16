"""Real servers as fixtures, and one line at the end that says what this machine could not run."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import Installation, at_scale, embedded
from tests.outsiders.golang import VerifyLog, build
from tests.servers import LEFT_OUT
from tests.servers.postgres import Postgres, postgres
from tests.servers.radosgw import Gateway, radosgw
from tests.servers.softhsm import SoftHsm, softhsm


@pytest.fixture(scope="session", name="postgres")
def _postgres() -> Iterator[Postgres]:
    """A private PostgreSQL server for this run."""
    with postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """The SQLAlchemy URL of an empty database of this test's own."""
    return postgres.fresh()


@pytest.fixture(scope="session", name="radosgw")
def _radosgw() -> Iterator[Gateway]:
    """A real S3 store with Object Lock for this run: endpoint, access key, secret key."""
    with radosgw() as gateway:
        yield gateway


@pytest.fixture(scope="session", name="softhsm")
def _softhsm() -> Iterator[SoftHsm]:
    """PKCS#11 tokens for this run."""
    with softhsm() as tokens:
        yield tokens


@pytest.fixture(scope="session", name="verifylog")
def _verifylog(tmp_path_factory: pytest.TempPathFactory) -> VerifyLog:
    """Go's verifier of logs."""
    return build(tmp_path_factory.mktemp("verifylog"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        _, found, missing = reason.partition(LEFT_OUT)
        if found:
            reasons[missing] += 1
    said = "; ".join(f"{number} skipped, because {reason}" for reason, number in reasons.most_common())
    terminalreporter.write_line(f"Left out on this machine: {said or 'nothing'}")


@pytest.fixture(params=["embedded", "at-scale"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """A whole installation, on each pair of real parts; afterwards the world must be whole."""
    if request.param == "embedded":
        made = embedded(tmp_path)
    else:
        postgres_url = request.getfixturevalue("postgres_url")
        made = at_scale(tmp_path, postgres_url, request.getfixturevalue("radosgw"))
    yield made
    made.settle()
    made.place()
    findings = made.amiss()
    made.vault.database.close()
    made.intake.database.close()
    assert findings == []
