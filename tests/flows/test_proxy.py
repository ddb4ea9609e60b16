"""Where a request came from: nginx, set up as docs/operations.md says, logs it under the entry's trace."""

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from console.demo import town
from tests.installation import Installation, embedded
from tests.provider import handmade
from tests.servers import free_port, listens, program, start, stop, wait_until
from tests.watching import House, entries, eventually, open_house
from vault.audit import Event

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with handmade() as provider:
        made = embedded(tmp_path, oidc_issuer=provider.issuer)
        with open_house(made, provider) as opened:
            yield opened
        made.vault.database.close()
        made.intake.database.close()


def snippet() -> tuple[str, str]:
    """What the page says to put above the server, and in it."""
    found = re.search(r"```nginx\n(.*?)server \{\n(.*?)\n\}\n```", OPERATIONS.read_text("utf-8"), re.DOTALL)
    assert found
    return found[1], found[2]


@pytest.fixture
def proxy(house: House, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """nginx in front of the house: its URL, and its log."""
    nginx = program("nginx", "nginx-light")
    port, home = free_port(), tmp_path / "nginx"
    home.mkdir()
    above, within = snippet()
    user = "user root;" if os.geteuid() == 0 else ""
    places = "".join(
        f"{kind}_temp_path {home}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = home / "nginx.conf"
    config.write_text(
        f"{user} daemon off; pid {home}/pid; error_log {home}/error.log; events {{}}\n"
        f"http {{ {places}\n{above}\nserver {{ listen 127.0.0.1:{port};\n"
        f"{within.replace('/var/log/nginx', str(home))}\n"
        f"location / {{ proxy_pass {house.url.partition('/api/')[0]}; }} }} }}\n"
    )
    log = home / "error.log"
    server = start([nginx, "-e", str(log), "-p", str(home), "-c", str(config)], log, dying_wish="TERM")
    try:
        wait_until(lambda: listens(port), server, log)
        yield f"http://127.0.0.1:{port}", home / "bodycam.log"
    finally:
        stop(server, signal.SIGTERM)


def test_the_proxy_knows_the_address_and_the_trail_the_trace(house: House, proxy: tuple[str, Path]) -> None:
    url, log = proxy
    claimed = f"00-{'4b' * 16}-00f067aa0ba902b7-01"
    headers = {
        "Authorization": f"Bearer {house.provider.token(town.OFFICER.subject)}",
        "traceparent": claimed,
        "tracestate": "theirs=1",
        "User-Agent": "browser-of-ours",
    }
    answer = requests.post(
        f"{url}/access/v1/evaluation", json=_question(house.installation), headers=headers, timeout=30
    )
    assert answer.ok
    [entry] = entries(house.installation, Event.DECISION_EVALUATED)
    leaf = json.loads(entry.leaf)
    _, trace, address, browser, status = eventually(lambda: log.read_text()).split()
    assert leaf["corr"].split("/")[0] == trace
    assert leaf["par"] == trace[:16]
    assert (address, browser, status) == ("127.0.0.1", '"browser-of-ours"', "200")
    # What a caller claims to be its trace is not taken over here.
    assert trace != "4b" * 16


def _question(made: Installation) -> dict[str, Any]:
    subject = str(made.town.people[town.OFFICER.subject])
    return {
        "subject": {"type": "person", "id": subject},
        "action": {"name": "read-audit"},
        "resource": {"type": "trail", "id": town.SLUG},
        "context": {"purpose": "audit"},
    }
