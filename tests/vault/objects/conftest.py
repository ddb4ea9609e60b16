"""What tests of object stores share."""

import secrets
from pathlib import Path

import pytest
from minio import Minio

from tests.servers.radosgw import Gateway


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def bucket() -> str:
    return f"bucket-{secrets.token_hex(6)}"


@pytest.fixture
def client(radosgw: Gateway) -> Minio:
    """The same account, with nothing of ours between: what an administrator could do."""
    host = radosgw.endpoint.removeprefix("http://")
    return Minio(host, radosgw.access_key, radosgw.secret_key, secure=False, region="us-east-1")
