"""Object storage: sealed parts by name, put once, read in ranges, discarded for good.

Two kinds, one contract and one conformance suite: a directory (embedded default) and S3 with Object Lock.

Errors::

    ObjectError
    ├── NameRefused        the name (or what stands there) is not one of ours
    ├── ObjectExists       a name is used once
    ├── ObjectMissing
    ├── ObjectRetained     discarded before its time, or while it is held
    ├── RangeOutside       the range is not within the object
    └── StoreError         the store, not the object
        ├── StoreFull
        └── StoreUnavailable
            └── StoreRefused   it answers, but is not one to keep footage in
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

Body = bytes | bytearray | memoryview
"""What can be put: bytes in memory, never copied on their way out."""


class ObjectError(Exception):
    """Something about an object or its store; the subclasses say what."""

    def __init__(self, about: object) -> None:
        super().__init__(f"{(self.__doc__ or '').splitlines()[0]} ({about})")


class NameRefused(ObjectError):
    """This is not the name of an object."""


class ObjectExists(ObjectError):
    """An object of this name exists or is being put; a name is used once."""


class ObjectMissing(ObjectError):
    """There is no object of this name."""


class ObjectRetained(ObjectError):
    """The object may not be discarded yet."""

    def __init__(self, about: object, until: datetime | None) -> None:
        super().__init__(about)
        self.until = until
        """From when it may be; None while it is held, for then nobody knows."""


class RangeOutside(ObjectError):
    """The asked range is not within the object."""


class StoreError(ObjectError):
    """Something is wrong with the store itself; no object is to blame."""


class StoreFull(StoreError):
    """The store has no room; nothing was put."""


class StoreUnavailable(StoreError):
    """The store does not answer as it should; try again later.

    After a `put` that raised this the object may or may not exist: its name is spent, discard it.
    """


class StoreRefused(StoreUnavailable):
    """The store answers, but is not one to keep footage in."""


@dataclass(frozen=True)
class StoredObject:
    """One object in a listing. `size` in bytes."""

    name: str
    size: int
    stored_at: datetime


class ObjectStore(Protocol):
    """Where sealed parts rest. Safe to use from many threads and processes at once.

    Every method may raise StoreUnavailable, and those that take a name NameRefused.
    A name is ``<recording uuid>/<part index, 6 digits>-<16 hex digits of randomness>``.
    """

    at_hand: bool
    """Whether it is on this machine, where a fetch takes a disk's time and never a network's."""

    def put(self, name: str, body: Body, *, retain_until: datetime | None = None) -> None:
        """Store `body` durably under a new name: when this returns, power may fail.

        All of the object appears, or nothing. Until `retain_until` (aware) it cannot be discarded; a moment
        that has passed retains nothing. Raises ObjectExists, StoreFull, ValueError for an empty body.
        """

    def fetch(self, name: str, first: int, last: int) -> bytes:
        """The bytes `first` to `last`, both included. Raises ObjectMissing, RangeOutside."""

    def discard(self, name: str) -> None:
        """Remove the object and every earlier version of it; nothing to remove is no error.

        Raises ObjectRetained while its retention lasts or a hold is on it; the object is then still there.
        """

    def retain(self, name: str, until: datetime) -> None:
        """Lengthen the retention of the object, every version of it, to the whole second before `until`.

        It shortens nothing: one that lasts as long already stays as it is, and a moment that has passed
        retains nothing. Raises ObjectMissing; ValueError for a moment without a zone.
        """

    def hold(self, name: str, on: bool) -> None:
        """Hold the object, every version of it, until it is let go: apart from its retention, which stays.

        What is held already, or let go, stays so. Raises ObjectMissing.
        """

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """The objects whose name begins with `prefix`, by name; may be read while objects are discarded."""

    def check(self) -> None:
        """Ask whether the store can be used now. Raises StoreUnavailable or StoreRefused with the reason."""


NAME = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/[0-9]{6}-[0-9a-f]{16}")
_PREFIX = re.compile(r"[0-9a-f-]{0,36}|[0-9a-f-]{36}/[0-9a-f-]{0,23}")


def check_name(name: str) -> None:
    """Raise NameRefused unless `name` has the one form a name can have; it holds no room for path tricks."""
    if not NAME.fullmatch(name):
        raise NameRefused(repr(name[:80]))


def check_prefix(prefix: str) -> None:
    """Raise NameRefused unless `prefix` could begin a name."""
    if not _PREFIX.fullmatch(prefix):
        raise NameRefused(repr(prefix[:80]))


def check_body(body: Body) -> memoryview:
    """`body` as bytes without a copy. Raises ValueError when it is empty: no sealed part is."""
    view = memoryview(body).cast("B")
    if not len(view):
        raise ValueError("an object holds at least one byte")
    return view


def check_range(name: str, first: int, last: int) -> None:
    """Raise RangeOutside for a range that lies in no object."""
    if not 0 <= first <= last:
        raise RangeOutside(f"{first}-{last} of {name}")


def check_moment(retain_until: datetime | None) -> None:
    """Raise ValueError for a moment without a zone."""
    if retain_until is not None and retain_until.tzinfo is None:
        raise ValueError("retain_until needs a time zone")


def whole_seconds(moment: datetime) -> datetime:
    """`moment` in UTC, rounded down: what retains must not outlast a term, and stores keep no fractions."""
    return moment.astimezone(UTC).replace(microsecond=0)


def open_store(
    url: str,
    *,
    access_key: str | None = None,
    secret_key: str | None = None,
    region: str = "us-east-1",
    patience: float = 20.0,
    create: bool = False,
) -> ObjectStore:
    """The store at `url`: ``file:///directory``, ``s3+https://host:port/bucket`` or ``s3+http://…``.

    Opening does no I/O unless `create` is true, which makes the directory or the bucket when missing: for
    setting up only, since at a later start a missing one means that its disk is not mounted. `patience` is
    how many seconds an S3 store may be silent. Raises ValueError for a malformed url or missing keys, and
    with `create` what `check` raises.
    """
    from vault.objects.directory import DirectoryStore
    from vault.objects.s3 import S3Store

    parts = urlsplit(url)
    if parts.query or parts.fragment or parts.username:
        raise ValueError("an object store's url has no user, query or fragment")
    store: DirectoryStore | S3Store
    if parts.scheme == "file":
        store = DirectoryStore(_directory_of(parts))
    elif parts.scheme in ("s3+http", "s3+https"):
        if not access_key or not secret_key:
            raise ValueError("an S3 store needs an access key and a secret key")
        endpoint, bucket = _bucket_of(parts)
        store = S3Store(endpoint, bucket, access_key, secret_key, region=region, patience=patience)
    else:
        raise ValueError(f"an object store's url begins with file:, s3+http: or s3+https:, not {url[:9]!r}")
    if create:
        store.create()
    return store


def _directory_of(parts: SplitResult) -> Path:
    if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        raise ValueError("a directory store's url is file:// and an absolute path: file:///srv/objects")
    return Path(unquote(parts.path))


def _bucket_of(parts: SplitResult) -> tuple[str, str]:
    bucket = parts.path.strip("/")
    if not parts.netloc or not bucket or "/" in bucket:
        raise ValueError("an S3 store's url names a host and one bucket: s3+https://host:port/bucket")
    return f"{parts.scheme.removeprefix('s3+')}://{parts.netloc}", bucket
