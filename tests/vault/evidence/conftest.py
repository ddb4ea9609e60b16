"""The installation for evidence: the history leaves a recording behind whose term is over, on purpose."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import Installation, at_scale, embedded


@pytest.fixture(params=["embedded", "at-scale"])
def whole(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """As `installation`, without the check afterwards that no term is over."""
    if request.param == "embedded":
        made = embedded(tmp_path)
    else:
        postgres_url = request.getfixturevalue("postgres_url")
        made = at_scale(tmp_path, postgres_url, request.getfixturevalue("radosgw"))
    yield made
    made.vault.database.close()
    made.intake.database.close()
