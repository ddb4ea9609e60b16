"""The API's description, held against the NL API Design Rules and against what the door really does."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.servers import LEFT_OUT, leave_out
from tests.watching import House
from vault.web import description

JS = Path(__file__).parents[2] / "js"
SPECTRAL = JS / "node_modules" / ".bin" / "spectral"
RULES = [
    JS / "nl-api-design-rules.yaml",
    JS.parents[2] / "shared" / "standards" / "nl-api-design-rules.yaml",
]
QUERY_PARAMETERS: frozenset[str] = frozenset()
"""Query parameters the API may have. None: a URL ends up in logs and histories that are not ours."""


@pytest.fixture(scope="module")
def described(house: House) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{house.url}/api/v1/openapi.json", timeout=10).json()
    return found


def test_the_design_rules_hold(described: dict[str, Any], tmp_path: Path) -> None:
    rules = next((path for path in RULES if path.exists()), None)
    if not SPECTRAL.exists():
        leave_out("Spectral is missing (npm ci in tests/js)")
    if rules is None:
        # A ruleset of others, which the project does not carry: not a program that a machine could lack.
        pytest.skip(f"{LEFT_OUT}the NL API Design Rules are missing ({RULES[0].name})")
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(described))
    linted = subprocess.run(
        [SPECTRAL, "lint", "--ruleset", rules, "--fail-severity", "warn", "--format", "text", document],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_nothing_sensitive_can_stand_in_a_url(described: dict[str, Any]) -> None:
    found = {
        parameter["name"]
        for path in described["paths"].values()
        for operation in path.values()
        for parameter in operation.get("parameters", [])
        if parameter["in"] != "path"
    }
    assert found == QUERY_PARAMETERS
    named = {piece for path in described["paths"] for piece in path.split("/") if piece.startswith("{")}
    assert named == {
        "{requestId}",
        "{grantId}",
        "{searchId}",
        "{proposalId}",
        "{decisionId}",
        "{signalId}",
        "{municipality}",
        "{recordingId}",
        "{erasureId}",
        "{holdId}",
    }


def test_every_operation_needs_a_token(described: dict[str, Any]) -> None:
    assert described["security"] == [{"staff": []}]
    for path in described["paths"].values():
        for operation in path.values():
            assert operation.get("security", [{"staff": []}]) == [{"staff": []}]


def test_errors_are_described_as_they_are_sent(house: House, described: dict[str, Any]) -> None:
    text = json.dumps(described)
    assert "422" not in text
    assert "HTTPValidationError" not in text
    members = described["components"]["schemas"]["Problem"]["properties"]
    body = house.ask(reason="short").json()
    assert set(body) <= set(members)
    for path in described["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                kinds = set(response.get("content", {}))
                assert (kinds == {"application/problem+json"}) == (int(status) >= 400)
                assert int(status) >= 400 or "API-Version" in response["headers"]


def test_the_version_is_the_one_that_is_sent(house: House, described: dict[str, Any]) -> None:
    answer = requests.get(f"{house.url}/api/v1/openapi.json", timeout=10)
    assert answer.headers["API-Version"] == described["info"]["version"] == description.VERSION
    assert described["servers"] == [{"url": "/api/v1"}]


def test_footage_is_described_as_what_it_is(described: dict[str, Any]) -> None:
    responses = described["paths"]["/grants/{grantId}/footage"]["get"]["responses"]
    assert {"200", "206"} <= set(responses)
    assert set(responses["206"]["content"]) == {"video/*"}
