"""docker-compose.yml and the image: what is one careless line away from being undone is checked here."""

import copy
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from vault.settings import PREFIX, Settings

from .source import ROOT

FILE = ROOT / "docker-compose.yml"
TEXT = FILE.read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
RUNNING = ("vault", "ingest", "keeper")
OURS = (*RUNNING, "migrate", "keys")
VARIABLE = re.compile(r"\$\{(\w+)([^}]*)\}")


def complaints(compose: dict[str, Any]) -> list[str]:
    """What is wrong with `compose`."""
    found = []
    for name, service in compose["services"].items():
        found += [f"{name}: {what}" for what in exposed(service)]
        if name in OURS:
            found += [f"{name}: {what}" for what in loose(service)]
        if name in (*RUNNING, "database", "store"):
            found += [f"{name}: no {key}" for key in UNATTENDED if not service.get(key)]
        if name != "keys":
            found += [f"{name}: holds {ring}" for ring in rings(service) if ring != RINGS.get(name)]
    for network in ("database", "store", "keeper"):
        if (
            compose["services"][network]["networks"] != ["inside"]
            or not compose["networks"]["inside"]["internal"]
        ):
            found.append(f"{network}: can be reached from outside")
    found += [
        f"store: {option} is missing"
        for option in STORE_OPTIONS - set(compose["services"]["store"]["command"])
    ]
    return found


UNATTENDED = ("healthcheck", "restart", "stop_grace_period")
RINGS = {"vault": "vault-keys", "keeper": "vault-keys", "migrate": "vault-keys", "ingest": "ingest-keys"}
STORE_OPTIONS = {
    "-ip.bind=127.0.0.1",
    "-s3.ip.bind=0.0.0.0",
    "-s3.autoCreateBucket=false",
    "-s3.allowDeleteBucketNotEmpty=false",
    "-master.telemetry=false",
}
KNOWN = {PREFIX + name.upper() for name in Settings.model_fields}


def exposed(service: dict[str, Any]) -> list[str]:
    """What any container may not do."""
    found = [
        f"port {port} is open to everyone" for port in service.get("ports", []) if "127.0.0.1:" not in port
    ]
    if not re.search(r":\d", service["image"]):
        found.append(f"image {service['image']} is not pinned")
    if "no-new-privileges:true" not in service.get("security_opt", []):
        found.append("may gain privileges")
    return found


def loose(service: dict[str, Any]) -> list[str]:
    """What a container of ours may not do."""
    found = [
        f"{PREFIX}… {name} is no setting" for name in service.get("environment", {}) if name not in KNOWN
    ]
    if not service.get("read_only"):
        found.append("may write its own file system")
    if service.get("cap_drop") != ["ALL"]:
        found.append("keeps capabilities of root")
    if "user" in service:
        found.append("runs as another user than the image says")
    if not any(mount.startswith("/tmp:") for mount in service.get("tmpfs", [])):  # noqa: S108  # a mount, not a file
        found.append("has no /tmp in memory")
    return found


def rings(service: dict[str, Any]) -> list[str]:
    """The key rings a container has."""
    return [volume.split(":")[0] for volume in service.get("volumes", []) if "-keys:" in volume]


def test_the_containers_are_shut() -> None:
    assert not complaints(COMPOSE)


@pytest.mark.parametrize(
    ("break_it", "complaint"),
    [
        (lambda s: s["vault"].pop("read_only"), "vault: may write"),
        (lambda s: s["ingest"].pop("cap_drop"), "ingest: keeps capabilities"),
        (lambda s: s["keeper"].update(user="root"), "keeper: runs as another"),
        (lambda s: s["keeper"].pop("tmpfs"), "keeper: has no /tmp"),
        (lambda s: s["ingest"]["volumes"].append("vault-keys:/more:ro"), "ingest: holds vault-keys"),
        (lambda s: s["store"]["volumes"].append("vault-keys:/more:ro"), "store: holds vault-keys"),
        (lambda s: s["vault"].update(ports=["8000:8000"]), "vault: port"),
        (lambda s: s["vault"]["environment"].update(BODYCAM_TYPO="x"), "BODYCAM_TYPO is no setting"),
        (lambda s: s["database"]["networks"].append("doors"), "database: can be reached"),
        (lambda s: s["database"].update(image="postgres"), "database: image"),
        (lambda s: s["database"].pop("healthcheck"), "database: no healthcheck"),
        (lambda s: s["store"].pop("security_opt"), "store: may gain"),
        (lambda s: s["store"]["command"].remove("-s3.autoCreateBucket=false"), "store: -s3.autoCreateBucket"),
    ],
)
def test_an_open_one_is_seen(break_it: Callable[[dict[str, Any]], object], complaint: str) -> None:
    compose = copy.deepcopy(COMPOSE)
    break_it(compose["services"])
    assert any(complaint in found for found in complaints(compose))


def test_no_secret_has_a_default() -> None:
    variables = VARIABLE.findall(TEXT)
    assert {"DATABASE_PASSWORD", "STORE_SECRET_KEY"} <= {name for name, _ in variables}
    assert not [name for name, rest in variables if not re.fullmatch(r":\?.+", rest)]


def test_the_image_is_built_from_what_is_pinned() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert bases
    assert all(re.search(r":\d+\.\d+-", base) for base in bases)
    installs = re.findall(r"pip install[^\n&]*", DOCKERFILE)
    assert len(installs) == 3
    assert all("--require-hashes" in line or "--no-deps --no-index" in line for line in installs)
    last_stage = DOCKERFILE.rsplit("\nFROM ", 1)[1]
    assert re.findall(r"^USER (\S+)", last_stage, re.MULTILINE) == ["10001:10001"]
    assert "MALLOC_MMAP_THRESHOLD_=33554432" in last_stage
    assert "MALLOC_TRIM_THRESHOLD_=134217728" in last_stage


def test_the_image_gets_only_what_is_named() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    for named in re.findall(r"^!(.+)$", "\n".join(rules), re.MULTILINE):
        assert (ROOT / named).exists(), f".dockerignore names {named}, which is not there"


def _compose_command() -> list[str]:
    for command in (["docker", "compose"], ["docker-compose"]):
        if (
            shutil.which(command[0])
            and not subprocess.run([*command, "version"], capture_output=True).returncode
        ):
            return command
    if os.environ.get("BODYCAM_TEST_REQUIRE_SERVICES") == "1":
        pytest.fail("neither `docker compose` nor `docker-compose` is installed")
    pytest.skip("neither `docker compose` nor `docker-compose` is installed")


def _config(command: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, "--file", str(FILE), "config"],
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_compose_accepts_the_file() -> None:
    command = _compose_command()
    variables = {name: f"some-{name.lower()}" for name, _ in VARIABLE.findall(TEXT)}
    done = _config(command, variables)
    assert done.returncode == 0, done.stderr
    services = yaml.safe_load(done.stdout)["services"]
    assert set(services) >= set(COMPOSE["services"]) - {"keys"}
    assert "some-database_password" in services["vault"]["environment"]["BODYCAM_DATABASE_URL"]


def test_compose_refuses_without_secrets() -> None:
    done = _config(_compose_command(), {})
    assert done.returncode != 0
    assert "a long random one" in done.stderr
