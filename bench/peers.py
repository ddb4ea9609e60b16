"""The peers: nginx for bytes in the clear, rclone for bytes encrypted at rest, openssl for the arithmetic."""

import os
import re
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.figures import GIB
from tests.servers import free_port, listens, start, stop, wait_until

_NGINX = """
{user}
daemon off;
worker_processes 1;
pid {home}/nginx.pid;
error_log {home}/nginx.log;
events {{ }}
http {{
    access_log off;
    keepalive_requests 1000000;
    # sendfile with tcp_nopush stalls 44 ms on loopback now and then; and we cannot use it either.
    sendfile off;
    output_buffers 2 1m;
    client_max_body_size 0;
    client_body_buffer_size 1m;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/unused;
    fastcgi_temp_path {home}/unused;
    uwsgi_temp_path {home}/unused;
    scgi_temp_path {home}/unused;
    server {{
        listen 127.0.0.1:{port};
        root {root};
        dav_methods PUT;
    }}
}}
"""


@contextmanager
def nginx(home: Path, root: Path) -> Iterator[str]:
    """nginx that serves the files in `root` and takes new ones by PUT, in the clear; its URL."""
    port = free_port()
    home.mkdir()
    user = "user root;" if os.geteuid() == 0 else ""
    config = home / "nginx.conf"
    config.write_text(_NGINX.format(user=user, home=home, root=root, port=port))
    log = home / "nginx.log"
    server = start(["nginx", "-e", str(log), "-p", str(home), "-c", str(config)], log, dying_wish="TERM")
    try:
        wait_until(lambda: listens(port), server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(server, signal.SIGTERM)


@contextmanager
def rclone(home: Path, file: Path) -> Iterator[str]:
    """`rclone serve http` over an `rclone crypt` remote that holds `file`; the file's URL."""
    port = free_port()
    home.mkdir()
    config = home / "rclone.conf"
    (home / "sealed").mkdir()
    password = subprocess.check_output(["rclone", "obscure", "not a secret"], text=True).strip()
    config.write_text(f"[sealed]\ntype = crypt\nremote = {home}/sealed\npassword = {password}\n")
    command = ["rclone", "--config", str(config)]
    subprocess.run([*command, "copyto", str(file), f"sealed:{file.name}"], check=True)
    log = home / "rclone.log"
    address = f"127.0.0.1:{port}"
    server = start([*command, "serve", "http", "sealed:", "--addr", address, "--read-only"], log)
    try:
        wait_until(lambda: listens(port), server, log)
        yield f"http://{address}/{file.name}"
    finally:
        stop(server, signal.SIGTERM)


def put_durably(seconds: float, path: Path) -> float:
    """How long a PUT to nginx took when its file must also survive power loss, which nginx leaves undone."""
    began = time.perf_counter()
    for durable in (path, path.parent):
        opened = os.open(durable, os.O_RDONLY)
        os.fsync(opened)
        os.close(opened)
    return seconds + time.perf_counter() - began


def openssl_seconds_per_gib(body: Path) -> float:
    """CPU seconds in which openssl hashes a GiB (SHA-256) and encrypts it (AES-256-GCM, 16 KiB at once)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["openssl", "dgst", "-sha256", str(body)], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    hashing = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    command = ["openssl", "speed", "-mr", "-seconds", "1", "-bytes", "16384", "-evp", "aes-256-gcm"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # "+F:22:aes-256-gcm:3891234567.89": bytes in a second of CPU time.
    found = re.search(r"^\+F:\d+:[^:]+:([\d.]+)$", said, re.MULTILINE | re.IGNORECASE)
    if found is None:
        raise ValueError(f"openssl speed said {said!r}")
    return hashing * GIB / body.stat().st_size + GIB / float(found[1])
