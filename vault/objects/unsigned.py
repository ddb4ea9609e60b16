"""One PUT to S3 whose body is not hashed for the signature; every header is signed but the trace.

The `minio` client hashes each body it sends: SHA-256 over HTTP, MD5 over TLS. See docs/decisions/objects.md.
"""

import base64
import zlib
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import urllib3
from minio.credentials.credentials import Credentials
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from minio.signer import sign_v4_s3

PIECE = 1024 * 1024
"""Bytes sent at a time: the time limit holds for each piece, so a slow line is not taken for a dead one."""


def put_unsigned(
    pool: urllib3.PoolManager,
    url: str,
    body: memoryview,
    headers: dict[str, str],
    *,
    credentials: Credentials,
    region: str,
) -> None:
    """Put `body` at `url`, whose path needs no quoting, unless something stands there.

    Not repeated once it was sent: the outcome would be unknown. Raises the client's errors and urllib3's.
    """
    now = datetime.now(UTC)
    target = urlsplit(url)
    signed = sign_v4_s3(
        method="PUT",
        url=target,
        region=region,
        headers={
            "Host": target.netloc,
            "Content-Length": str(len(body)),
            "If-None-Match": "*",
            "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
            "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"),
            **headers,
        },
        credentials=credentials,
        content_sha256="UNSIGNED-PAYLOAD",
        date=now,
    )
    # Typed loosely: urllib3 declares bytes, and hands any buffer to the socket as it is.
    pieces: list[Any] = [body[at : at + PIECE] for at in range(0, len(body), PIECE)]
    response = pool.request(
        "PUT",
        url,
        body=pieces,
        headers={key: str(value) for key, value in signed.items()},
        retries=retries(read=0, statuses=(503,)),
    )
    if response.status != 200:
        raise _refusal(response)


def checksum(body: memoryview) -> dict[str, str]:
    """Headers with a CRC-32 that the server checks the body against. S3 wants them for what is retained."""
    digest = zlib.crc32(body).to_bytes(4, "big")
    return {
        "x-amz-sdk-checksum-algorithm": "CRC32",
        "x-amz-checksum-crc32": base64.b64encode(digest).decode(),
    }


def retries(*, read: int, statuses: tuple[int, ...]) -> urllib3.Retry:
    """A few more tries within a second. A server's wish in Retry-After is not followed: callers wait."""
    return urllib3.Retry(
        total=2,
        read=read,
        redirect=0,
        backoff_factor=0.1,
        status_forcelist=statuses,
        respect_retry_after_header=False,
    )


def _refusal(response: urllib3.BaseHTTPResponse) -> MinioException:
    """What the server answered to our own request, as the client would say it."""
    kind = response.headers.get("content-type", "")
    if response.data and "xml" in kind:
        return S3Error.fromxml(response)
    if response.status >= 500:
        return ServerError(f"HTTP status {response.status}", response.status)
    return InvalidResponseError(response.status, kind, response.data.decode(errors="replace")[:200])
