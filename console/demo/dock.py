"""A docking station of the demonstration: signs its requests, uploads by tus, waits for its receipt."""

import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import requests
from jose import jwt
from tusclient.client import TusClient

TOKEN_SECONDS = 300
RECEIPT_SECONDS = 120.0


class NoReceipt(Exception):
    """The door did not say in time what became of the recording; the camera must not be wiped."""


class Dock:
    """One dock, at the door `url`."""

    def __init__(self, url: str, dock_id: UUID, private_key: str) -> None:
        self._url = url
        self._id = dock_id
        self._key = private_key

    def token(self) -> str:
        """A fresh bearer token; it lives for five minutes."""
        now = int(time.time())
        claims = {"iss": str(self._id), "aud": self._url, "iat": now, "exp": now + TOKEN_SECONDS}
        return jwt.encode(claims, self._key, algorithm="ES256")

    def upload(
        self,
        footage: Path,
        *,
        camera: str,
        officer: str,
        started_at: datetime,
        chunk: int,
        progress: Callable[[int, int], None],
    ) -> str:
        """Send one file in requests of `chunk` bytes; returns the upload's URL when every byte is there."""
        size, now = footage.stat().st_size, datetime.now(UTC)
        client = TusClient(f"{self._url}/uploads", headers=self._headers())
        metadata = {
            "camera": camera,
            "officer": officer,
            "startedAt": started_at.isoformat(),
            # As a dock reads them together; this camera's clock is right.
            "cameraClock": now.isoformat(),
            "dockClock": now.isoformat(),
            "sha256": hashlib.sha256(footage.read_bytes()).hexdigest(),
        }
        # Given a path, the client would open it anew for every request, and never close it.
        with footage.open("rb") as stream:
            uploader = client.uploader(
                file_stream=stream, chunk_size=chunk, retries=5, retry_delay=1, metadata=metadata
            )
            while uploader.offset < size:
                client.set_headers(self._headers())
                uploader.upload_chunk()
                progress(uploader.offset, size)
        return str(uploader.url)

    def receipt(self, upload: str) -> dict[str, Any]:
        """What became of an upload. Raises NoReceipt."""
        deadline = time.monotonic() + RECEIPT_SECONDS
        while time.monotonic() < deadline:
            answer = requests.get(f"{upload}/receipt", headers=self._headers(), timeout=30)
            if answer.status_code == 200:
                found: dict[str, Any] = answer.json()
                return found
            time.sleep(0.2)
        raise NoReceipt(upload)

    def proof(self, upload: str) -> bytes:
        """The receipt with the proof that its entry is in the log, as JSON. Raises NoReceipt."""
        deadline = time.monotonic() + RECEIPT_SECONDS
        while time.monotonic() < deadline:
            answer = requests.get(f"{upload}/proof", headers=self._headers(), timeout=30)
            if answer.status_code == 200:
                return answer.content
            time.sleep(0.2)
        raise NoReceipt(upload)

    def receipt_keys(self) -> dict[str, Any]:
        """The keys that receipts are checked with, as a JWK set."""
        found: dict[str, Any] = requests.get(f"{self._url}/receipt-keys", timeout=30).json()
        return found

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token()}"}
