"""A single-node Ceph with its S3 gateway for one test run: a real store with a real Object Lock.

Monitor, one object store daemon on a file in memory, and the gateway, straight from Debian's packages: no
systemd, no root, only loopback. All keys are in the monitor's first keyring, so little has to be arranged
once it runs.
"""

import json
import os
import secrets
import signal
import subprocess
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import free_port, listens, lodging, program, start, stop, wait_until

_KEYS = {
    "mon.": {"mon": "allow *"},
    "client.admin": {"mon": "allow *", "osd": "allow *", "mgr": "allow *"},
    "osd.0": {"mon": "allow profile osd", "osd": "allow *", "mgr": "allow profile osd"},
    "client.gateway": {"mon": "allow rwx", "osd": "allow rwx", "mgr": "allow rw"},
}


@dataclass(frozen=True)
class Gateway:
    """An S3 server, ``http://host:port``, and the keys of a user who may make buckets."""

    endpoint: str
    access_key: str
    secret_key: str

    def bucket_url(self, bucket: str) -> str:
        """How `open_store` calls a bucket here."""
        return f"s3+{self.endpoint}/{bucket}"


@contextmanager
def radosgw() -> Iterator[Gateway]:
    """Start a cluster and its gateway; a quarter of a minute. Everything in it is gone at the end."""
    for name, package in (("ceph-mon", "ceph-mon"), ("ceph-osd", "ceph-osd"), ("radosgw", "radosgw")):
        program(name, package)
    for name in ("ceph", "ceph-authtool"):
        program(name, "ceph-common")
    with lodging("radosgw") as home, ExitStack() as running:
        cluster = _Cluster(home, running)
        cluster.prepare()
        cluster.daemon("ceph-mon", "mon.a")
        cluster.tell("osd", "new", cluster.osd)
        cluster.run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", cluster.osd)
        cluster.daemon("ceph-osd", "osd.0")
        cluster.tell("osd", "crush", "add", "osd.0", "1.0", "root=default", "host=here")
        gateway = cluster.daemon("radosgw", "client.gateway")
        user = cluster.new_user()
        endpoint = f"http://127.0.0.1:{cluster.port}"
        wait_until(lambda: _speaks_s3(endpoint), gateway, cluster.log("client.gateway"))
        yield Gateway(endpoint, *user)


class _Cluster:
    """The files of a cluster in `home`, and its daemons, which `running` stops."""

    def __init__(self, home: Path, running: ExitStack) -> None:
        self.home = home
        self.port = free_port()
        self.osd = str(uuid.uuid4())
        self._running = running
        self._monitor = free_port()
        self._environment = {**os.environ, "CEPH_CONF": str(home / "ceph.conf")}

    def prepare(self) -> None:
        """Write configuration and keys, and make the monitor's store."""
        for folder in ("mon", "osd", "gateway", "run"):
            (self.home / folder).mkdir(mode=0o700)
        cluster_id = str(uuid.uuid4())
        (self.home / "ceph.conf").write_text(self._configuration(cluster_id))
        for entity, rights in _KEYS.items():
            caps = [part for where, right in rights.items() for part in ("--cap", where, right)]
            first = [] if (self.home / "keyring").exists() else ["--create-keyring"]
            self.run("ceph-authtool", str(self.home / "keyring"), *first, "--gen-key", "-n", entity, *caps)
        monmap = str(self.home / "monmap")
        address = f"[v2:127.0.0.1:{self._monitor}]"
        self.run("monmaptool", "--create", "--fsid", cluster_id, "--addv", "a", address, monmap)
        keyring = str(self.home / "keyring")
        self.run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring)

    def daemon(self, binary: str, entity: str) -> subprocess.Popen[bytes]:
        """Start one daemon in the foreground of its own process."""
        who = ["-n", entity] if binary == "radosgw" else ["-i", entity.partition(".")[2]]
        command = [program(binary, binary), *who, "-f", "-c", str(self.home / "ceph.conf")]
        server = start(command, self.log(entity))
        self._running.callback(stop, server, signal.SIGKILL)
        if entity == "mon.a":
            wait_until(lambda: listens(self._monitor), server, self.log(entity))
        return server

    def tell(self, *command: str) -> None:
        """One administrative command, given to the monitor."""
        self.run("ceph", "--connect-timeout", "30", *command)

    def run(self, *command: str) -> str:
        """Run a program of Ceph to its end. Raises RuntimeError with what it said when it fails."""
        done = subprocess.run(
            command, env=self._environment, capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"{command} failed with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def new_user(self) -> tuple[str, str]:
        """Make a user of the gateway: access key, secret key."""
        keys = secrets.token_hex(10), secrets.token_hex(20)
        told = ["--uid=tests", "--display-name=tests", f"--access-key={keys[0]}", f"--secret-key={keys[1]}"]
        made = json.loads(self.run("radosgw-admin", "-n", "client.gateway", "user", "create", *told))
        assert made["user_id"] == "tests"
        return keys

    def log(self, entity: str) -> Path:
        """What a daemon said on its output."""
        return self.home / f"{entity}.log"

    def _configuration(self, cluster_id: str) -> str:
        home = self.home
        return f"""
[global]
fsid = {cluster_id}
mon host = [v2:127.0.0.1:{self._monitor}]
mon initial members = a
public network = 127.0.0.0/8
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr1 = false
keyring = {home}/keyring
run dir = {home}/run
admin socket =
pid file =
log file =
log to stderr = true
err to stderr = true
debug default = 0
# One copy on one disk: what this cluster holds is worth nothing.
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail crit = 1
# Else each of the gateway's dozen pools waits a second to be made.
paxos propose interval = 0.05
auth allow insecure global id reclaim = false
[mon]
mon data = {home}/mon
[osd]
osd data = {home}/osd
osd objectstore = bluestore
bluestore block create = true
bluestore block size = {8 * 1024**3}
osd memory target = {1024**3}
[client.gateway]
rgw data = {home}/gateway
rgw frontends = beast endpoint=127.0.0.1:{self.port}
# What is discarded frees its room at once, so that a run of large bodies fits.
rgw gc obj min wait = 1
rgw gc processor period = 5
rgw gc processor max time = 5
"""


def _speaks_s3(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(endpoint, timeout=2) as answer:  # noqa: S310  # our own http address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
