"""What is installed is what was looked at: the locks, and the reason for every dependency."""

import json
import re
import tomllib
from dataclasses import dataclass

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .source import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
RUN = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
EXTRAS = [
    Requirement(line) for lines in PROJECT["project"]["optional-dependencies"].values() for line in lines
]
BUILD = [Requirement(line) for line in PROJECT["build-system"]["requires"]]
PIN = re.compile(r"(?P<name>[\w.-]+)==(?P<version>\S+?)(?: ; (?P<marker>.+?))?(?: \\)?")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")
HOST = re.compile(r"://|--index|--extra-index|--find-links|--trusted-host")


@dataclass
class Pin:
    """One package of a lock: its exact version and how many files it may come as."""

    version: str
    hashes: int = 0


def read_lock(text: str) -> tuple[dict[str, Pin], list[str]]:
    """The packages that install on this machine by name, and the complaints about the text itself."""
    pins: dict[str, Pin] = {}
    complaints = []
    pin = Pin("")
    for number, line in enumerate(text.splitlines(), 1):
        if HOST.search(line):
            complaints.append(f"line {number} names a host: any mirror must be able to serve this lock")
        elif match := PIN.fullmatch(line):
            pin = Pin(match["version"])
            if not match["marker"] or Marker(match["marker"]).evaluate():
                pins[canonicalize_name(match["name"])] = pin
        elif HASH.fullmatch(line):
            pin.hashes += 1
        elif line.strip() and not line.lstrip().startswith("#"):
            complaints.append(f"line {number} is neither a pin nor a hash: {line.strip()}")
    complaints += [
        f"{name} has no hash: anyone could have made it" for name, pin in pins.items() if not pin.hashes
    ]
    return pins, complaints


def unmet(requirements: list[Requirement], pins: dict[str, Pin]) -> list[str]:
    """What `requirements` ask and `pins` do not give."""
    return [
        f"{requirement} is not met by the lock ({pins[name].version if name in pins else 'absent'})"
        for requirement in requirements
        for name in [canonicalize_name(requirement.name)]
        if (not requirement.marker or requirement.marker.evaluate())
        if name not in pins or not requirement.specifier.contains(pins[name].version, prereleases=True)
    ]


def unlocked(lock: dict[str, object], wanted: dict[str, str]) -> list[str]:
    """What is wrong with an npm lock, of which package.json wants `wanted`."""
    packages = lock["packages"]
    assert isinstance(packages, dict)
    complaints = [] if packages[""].get("dependencies") == wanted else ["differs from package.json"]
    for path, package in packages.items():
        if "resolved" in package:
            complaints.append(f"{path} names a host: any mirror must be able to serve this lock")
        if path and not str(package.get("integrity", "")).startswith("sha512-"):
            complaints.append(f"{path} has no SHA-512: anyone could have made it")
    return complaints


def unexplained(text: str, requirements: list[Requirement]) -> list[str]:
    """Which dependencies the page does not explain, and which it explains although they are gone."""
    explained = {canonicalize_name(name) for name in re.findall(r"^\*\*([\w.-]+)\*\*", text, re.MULTILINE)}
    needed = {canonicalize_name(requirement.name) for requirement in requirements}
    return [f"{name}: no reason given" for name in sorted(needed - explained)] + [
        f"{name}: explained, but no dependency" for name in sorted(explained - needed)
    ]


def test_the_full_lock_gives_everything() -> None:
    pins, complaints = read_lock((ROOT / "requirements.lock").read_text("utf-8"))
    found = complaints + unmet(RUN + EXTRAS + BUILD, pins)
    assert not found, "\n".join(["run `make lock`:", *found])


def test_the_image_gets_what_was_tested_and_no_tools() -> None:
    full, _ = read_lock((ROOT / "requirements.lock").read_text("utf-8"))
    pins, complaints = read_lock((ROOT / "requirements-run.lock").read_text("utf-8"))
    found = complaints + unmet(RUN, pins)
    found += [f"{name} differs from requirements.lock" for name, pin in pins.items() if full.get(name) != pin]
    found += [
        f"{name} is no business of the image" for name in ("pytest", "mypy", "hatchling") if name in pins
    ]
    assert not found, "\n".join(["run `make lock`:", *found])


def test_the_npm_lock_names_no_host() -> None:
    wanted = json.loads((ROOT / "tests/js/package.json").read_text("utf-8"))["dependencies"]
    found = unlocked(json.loads((ROOT / "tests/js/package-lock.json").read_text("utf-8")), wanted)
    assert not found, "\n".join(["run `make lock`:", *found])


def test_every_dependency_has_its_reason() -> None:
    text = (ROOT / "docs/decisions/dependencies.md").read_text("utf-8")
    found = unexplained(text, RUN + EXTRAS)
    assert not found, "\n".join(["docs/decisions/dependencies.md says why each is there:", *found])


HASHED = "\n    --hash=sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("minio==7.2.20", "no hash"),
        ("minio>=7.2" + HASHED, "neither"),
        ("--index-url https://packages.example/simple\nminio==7.2.20" + HASHED, "names a host"),
        ("minio @ https://packages.example/minio.whl" + HASHED, "names a host"),
        ("-e .", "neither"),
    ],
)
def test_a_bad_lock_is_seen(text: str, complaint: str) -> None:
    assert any(complaint in found for found in read_lock(text)[1])


def test_a_good_lock_is_read() -> None:
    text = (
        "minio==7.2.20 \\" + HASHED + " \\" + HASHED + "\n    # via\n    #   bodycam-vault (pyproject.toml)\n"
    )
    text += "pywin==1 ; sys_platform == 'win32'" + HASHED
    pins, complaints = read_lock(text)
    assert not complaints
    assert pins == {"minio": Pin("7.2.20", 2)}
    assert not unmet([Requirement("minio>=7.2.20")], pins)
    assert unmet([Requirement("minio>=7.3"), Requirement("fastapi")], pins) == [
        "minio>=7.3 is not met by the lock (7.2.20)",
        "fastapi is not met by the lock (absent)",
    ]


def test_a_bad_npm_lock_is_seen() -> None:
    lock: dict[str, object] = {
        "packages": {
            "": {"dependencies": {"tus-js-client": "^4"}},
            "node_modules/a": {"integrity": "sha512-x", "resolved": "https://packages.example/a.tgz"},
            "node_modules/b": {"integrity": "sha1-x"},
        }
    }
    assert len(unlocked(lock, {"tus-js-client": "^4"})) == 2
    assert len(unlocked(lock, {"tus-js-client": "^5"})) == 3


def test_a_missing_reason_is_seen() -> None:
    needed = [Requirement("fastapi"), Requirement("psycopg[binary]>=3")]
    assert not unexplained("**fastapi** serves.\n**psycopg** speaks.\n", needed)
    assert unexplained("**fastapi** serves.\n**left-pad** pads.\n", needed) == [
        "psycopg: no reason given",
        "left-pad: explained, but no dependency",
    ]
