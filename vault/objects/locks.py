"""What keeps the versions of an object in S3: retain-until and legal hold of Object Lock, set and read back.

A server that ignores what it is told about a lock does not say so: each change is believed when it is read
back, by HEAD, since the client's own `get_object_retention` cannot parse the nine-digit fractions of Ceph.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from minio import Minio
from minio.commonconfig import COMPLIANCE
from minio.datatypes import Object
from minio.error import S3Error
from minio.retention import Retention

from vault.objects import ObjectMissing, StoreRefused

MODE = "x-amz-object-lock-mode"
UNTIL = "x-amz-object-lock-retain-until-date"
_HOLD = "x-amz-object-lock-legal-hold"


@dataclass(frozen=True)
class Lock:
    """What keeps one version: nothing, until a moment, for as long as it is held."""

    until: datetime | None
    held: bool


class Locks:
    """The locks on what is in one bucket. Methods raise the client's errors besides those they name."""

    def __init__(self, client: Minio, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def read(self, name: str, version: str | None = None) -> Lock:
        """The lock on one version; the newest one without `version`."""
        headers = self._client.stat_object(self._bucket, name, version_id=version).metadata or {}
        moment = headers.get(UNTIL)
        return Lock(datetime.fromisoformat(moment) if moment else None, headers.get(_HOLD) == "ON")

    def versions(self, name: str) -> list[Object]:
        """Every version and every delete marker of this name, and of no longer one."""
        found = self._client.list_objects(self._bucket, prefix=name, include_version=True)
        return [each for each in found if each.object_name == name]

    def retain(self, name: str, until: datetime) -> None:
        """Bring each version that is retained for less to `until`, in whole seconds.

        Raises ObjectMissing; StoreRefused when the server does not do so.
        """
        for version in self._standing(name):
            if until <= datetime.now(UTC) or _lasts(self.read(name, version), until):
                continue
            refusal = None
            try:
                lock = Retention(COMPLIANCE, until)
                self._client.set_object_retention(self._bucket, name, lock, version)
            except S3Error as error:
                # So is answered, too, who comes just after another that retains for longer.
                refusal = error
            kept = self.read(name, version)
            if _lasts(kept, until):
                continue
            if refusal:
                raise refusal
            raise StoreRefused(f"{name} was to be retained until {until}, the server kept {kept.until}")

    def hold(self, name: str, on: bool) -> None:
        """Set each version's legal hold. Raises as `retain`."""
        change = self._client.enable_object_legal_hold if on else self._client.disable_object_legal_hold
        for version in self._standing(name):
            if self.read(name, version).held == on:
                continue
            change(self._bucket, name, version)
            if self.read(name, version).held != on:
                raise StoreRefused(f"{name}: its hold was to be {on}, and the server keeps it {not on}")

    def _standing(self, name: str) -> Iterator[str | None]:
        """The versions that hold bytes. Also those below a delete marker, but then it is missing."""
        found = self.versions(name)
        yield from (each.version_id for each in found if not each.is_delete_marker)
        if not found or any(each.is_delete_marker and each.is_latest == "true" for each in found):
            raise ObjectMissing(name)


def _lasts(lock: Lock, until: datetime) -> bool:
    return lock.until is not None and lock.until >= until
