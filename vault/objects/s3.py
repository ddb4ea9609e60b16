"""Objects in S3 under Object Lock: any server with versioning and Object Lock, such as Ceph or SeaweedFS.

A body goes as one PUT, never as multipart: Ceph ignores the retention of a multipart upload. It is signed
without a digest of its content: a sealed part proves its integrity when it is opened, TLS proves it on the
way, and a second SHA-256 would cost twice what sending costs; figures in docs/decisions/objects.md.

Put once: If-None-Match, which AWS and others honour atomically, and before it a look whether the name is
taken, for servers that ignore the header (Ceph 16). Between look and put another process could put the same
name; names carry 64 random bits, so none does.
"""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from xml.etree.ElementTree import ParseError

import urllib3
from minio import Minio
from minio.commonconfig import COMPLIANCE
from minio.credentials.credentials import Credentials
from minio.error import MinioException, S3Error, ServerError
from urllib3.exceptions import HTTPError

from vault.objects import (
    NAME,
    Body,
    ObjectError,
    ObjectExists,
    ObjectMissing,
    ObjectRetained,
    RangeOutside,
    StoredObject,
    StoreFull,
    StoreRefused,
    StoreUnavailable,
    check_body,
    check_moment,
    check_name,
    check_prefix,
    check_range,
    whole_seconds,
)
from vault.objects.locks import MODE, UNTIL, Locks
from vault.objects.unsigned import checksum, put_unsigned, retries
from vault.outgoing import TracedPool

_CONNECTIONS = 32
_MEANING: dict[str | None, type[ObjectError]] = {
    "NoSuchKey": ObjectMissing,
    "InvalidRange": RangeOutside,
    "PreconditionFailed": ObjectExists,
    "ConditionalRequestConflict": ObjectExists,
    "QuotaExceeded": StoreFull,
    "InsufficientStorage": StoreFull,
    "XMinioStorageFull": StoreFull,
}
"""S3 error codes; any other means that the store is not available to us."""
_INSUFFICIENT_STORAGE = 507  # RFC 4918, section 11.5


class S3Store:
    """An `ObjectStore` in one bucket of the S3 server at `endpoint` (``https://host:port``).

    `patience`: seconds of silence after which the server counts as away.
    """

    at_hand = False

    def __init__(
        self, endpoint: str, bucket: str, access_key: str, secret_key: str, *, region: str, patience: float
    ) -> None:
        host = urlsplit(endpoint)
        self._endpoint = endpoint
        self._bucket = bucket
        self._region = region
        self._credentials = Credentials(access_key, secret_key)
        self._pool = TracedPool(
            maxsize=_CONNECTIONS,
            timeout=urllib3.Timeout(connect=min(5.0, patience), read=patience),
            retries=retries(read=1, statuses=(500, 502, 503, 504)),
            ssl_context=ssl.create_default_context() if host.scheme == "https" else None,
        )
        self._client = Minio(
            host.netloc,
            access_key,
            secret_key,
            secure=host.scheme == "https",
            region=region,
            http_client=self._pool,
        )
        self._locks = Locks(self._client, bucket)
        self._putting: set[str] = set()
        self._lock = threading.Lock()

    def create(self) -> None:
        """Make the bucket, with Object Lock and so with versioning, when it is missing; then `check`."""
        with _explained(self._bucket):
            if not self._client.bucket_exists(self._bucket):
                self._client.make_bucket(self._bucket, object_lock=True)
        self.check()

    def put(self, name: str, body: Body, *, retain_until: datetime | None = None) -> None:
        """See `ObjectStore`. Retention is in COMPLIANCE mode: nobody can shorten it."""
        check_name(name)
        check_moment(retain_until)
        view = check_body(body)
        with self._alone(name), _explained(name):
            if self._stands(name):
                raise ObjectExists(name)
            if retain_until is None or retain_until <= datetime.now(UTC):
                self._send(name, view, {})
            else:
                lock = {MODE: COMPLIANCE, UNTIL: _rounded_up(retain_until)}
                self._send(name, view, lock | checksum(view))
                self._confirm_retained(name, retain_until)

    def fetch(self, name: str, first: int, last: int) -> bytes:
        """See `ObjectStore`."""
        check_name(name)
        check_range(name, first, last)
        length = last - first + 1
        with _explained(name):
            response = self._client.get_object(self._bucket, name, offset=first, length=length)
            try:
                data = response.read()
            finally:
                response.release_conn()
        if len(data) < length:
            # S3 answers with what there is of a range that only begins inside the object.
            raise RangeOutside(f"{first}-{last} of {name}, which has {first + len(data)} bytes")
        if len(data) > length:
            raise StoreUnavailable(f"{name}: the server ignored the range that was asked for")
        return data

    def discard(self, name: str) -> None:
        """See `ObjectStore`. Versions go before delete markers, so that a marker never uncovers a version."""
        check_name(name)
        with _explained(name):
            for each in sorted(self._locks.versions(name), key=lambda version: version.is_delete_marker):
                self._remove(name, each.version_id)

    def retain(self, name: str, until: datetime) -> None:
        """See `ObjectStore`. In COMPLIANCE mode, as `put`."""
        check_name(name)
        check_moment(until)
        with _explained(name):
            self._locks.retain(name, whole_seconds(until))

    def hold(self, name: str, on: bool) -> None:
        """See `ObjectStore`. A legal hold, which these keys can end too: it is no lock against ourselves."""
        check_name(name)
        with _explained(name):
            self._locks.hold(name, on)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """See `ObjectStore`. What is not ours in the bucket is passed over."""
        check_prefix(prefix)
        with _explained(self._bucket):
            for each in self._client.list_objects(self._bucket, prefix=prefix, recursive=True):
                name, size, at = each.object_name, each.size, each.last_modified
                if name and NAME.fullmatch(name) and size is not None and at:
                    yield StoredObject(name, size, at)

    def check(self) -> None:
        """See `ObjectStore`. Object Lock cannot be switched on later and implies versioning."""
        with _explained(self._bucket):
            try:
                lock = self._client.get_object_lock_config(self._bucket)
            except S3Error as error:
                if error.code != "ObjectLockConfigurationNotFoundError":
                    raise
                raise StoreRefused(
                    f"bucket {self._bucket} has no Object Lock, which only a new bucket can be given:"
                    " name one that does not exist yet"
                ) from None
        if lock.mode is not None:
            raise StoreRefused(
                f"bucket {self._bucket} has a default retention, which would outlast the terms of the footage"
            )

    def _stands(self, name: str) -> bool:
        try:
            self._client.stat_object(self._bucket, name)
        except S3Error as error:
            if error.code != "NoSuchKey":
                raise
            return False
        return True

    def _send(self, name: str, view: memoryview, headers: dict[str, str]) -> None:
        put_unsigned(
            self._pool,
            f"{self._endpoint}/{self._bucket}/{name}",
            view,
            headers,
            credentials=self._credentials,
            region=self._region,
        )

    def _confirm_retained(self, name: str, until: datetime) -> None:
        """Read the retention back: a server that ignores the headers does not say so."""
        kept = self._locks.read(name).until
        if kept is None or kept < until:
            self.discard(name)
            raise StoreRefused(f"{name} was to be retained until {until}, the server kept {kept}")

    def _remove(self, name: str, version: str | None) -> None:
        try:
            self._client.remove_object(self._bucket, name, version)
        except S3Error as error:
            if error.code != "AccessDenied":
                raise
            # The same code when these keys may not delete at all: only a lock makes it "not yet".
            lock = self._locks.read(name, version)
            if lock.held:
                raise ObjectRetained(f"{name} is held", None) from None
            if lock.until is None or lock.until <= datetime.now(UTC):
                raise
            raise ObjectRetained(f"{name}, retained until {lock.until.isoformat()}", lock.until) from None

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """No two puts of one name at once in this process: the look and the put belong together."""
        with self._lock:
            if name in self._putting:
                raise ObjectExists(name)
            self._putting.add(name)
        try:
            yield
        finally:
            with self._lock:
                self._putting.remove(name)


def _rounded_up(moment: datetime) -> str:
    """Rounded up: a server that drops fractions must not retain for less."""
    moment = moment.astimezone(UTC) + timedelta(microseconds=999_999)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def _explained(about: str) -> Iterator[None]:
    """Say what the client's error means for the store."""
    try:
        yield
    except S3Error as error:
        meaning = _MEANING.get(error.code, StoreUnavailable)
        raise meaning(f"{about}: {error.code}: {error.message}") from error
    except ServerError as error:
        full = error.status_code == _INSUFFICIENT_STORAGE
        raise (StoreFull if full else StoreUnavailable)(f"{about}: {error}") from error
    except (HTTPError, MinioException, ParseError) as error:
        raise StoreUnavailable(f"{about}: {error}") from error
