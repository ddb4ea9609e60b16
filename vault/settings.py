"""The one settings object: read from the environment at start, checked, then passed around.

Every setting is an environment variable with the prefix ``BODYCAM_``. Secrets have no defaults, and a
variable with our prefix that we do not know is refused: a typed-over name must not silently mean "default".
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "BODYCAM_"
TEST_PREFIX = "BODYCAM_TEST_"
MIB = 1024 * 1024


Listen = Annotated[str, Field(pattern=r"^(\[[0-9a-fA-F:]+\]|[^\s:]+):\d{1,5}$")]
"""``host:port`` or ``[address]:port``."""

CollectorUrl = Annotated[
    str,
    Field(pattern=r"^(https://[^\s/?#@]+|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)(/[^\s?#]*)?$"),
]
"""https, or this machine itself: both standards want TLS."""


class SettingsRefused(Exception):
    """The settings leave doubt, so nothing is started. The message names the variable and what to do."""


class Settings(BaseSettings):
    """What an installation must decide (no default) and may decide (default given)."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, hide_input_in_errors=True)

    database_url: SecretStr
    """``sqlite:///file`` or ``postgresql+psycopg://user:secret@host/name``."""
    database_ingest_role: str | None = None
    """User of PostgreSQL that ingest's own ``database_url`` names; ``migrate`` gives it its rights."""
    objects_url: str
    """``file:///directory`` or ``s3+https://host:port/bucket``."""
    objects_access_key: SecretStr | None = None
    objects_secret_key: SecretStr | None = None
    keys: Path
    """This process's key ring: the vault's ring for vault and keeper, the ingest's ring for ingest."""
    keys_pkcs11_module: Path | None = None
    """Library of the token that holds the keys that open footage; without it they are files of the ring."""
    keys_pkcs11_token: str | None = None
    """Label of that token."""
    keys_pkcs11_pin: SecretStr | None = None
    """PIN of its user, for vault and keeper; ingest does without, and so can wrap only."""
    ingest_keys: Path | None = None
    """Keeper: ingest's ring, where both rings are on one machine. It then replaces intake keys by itself."""
    intake_rotation_days: int = Field(default=7, ge=2, le=90)
    """How old a key that ingest wraps with may become; the check finds an older one."""
    intake_retired_days: int = Field(default=2, ge=1, le=30)
    """How long a replaced one stays at least, for ingest's ring to follow."""
    rule_sets: Path | None = None
    """Folder of the municipalities' rule sets; the ones that come with the software when absent."""

    oidc_issuer: str | None = None
    """Issuer of staff tokens, exactly as in their ``iss`` claim. The vault does not start without it."""
    oidc_audience: str | None = None
    """What staff tokens must name in ``aud``. The vault does not start without it."""

    vault_url: Annotated[str, Field(pattern=r"^https://[^\s/?#@]+$")] | None = None
    """Public address of the vault, where AuthZEN's metadata names it; without it there is no metadata."""
    ingest_url: str | None = None
    """Public address of the dock's door; a dock's token must name it in ``aud``. Ingest needs it."""

    vault_listen: Listen = "127.0.0.1:8000"
    ingest_listen: Listen = "127.0.0.1:8001"
    keeper_listen: Listen = "127.0.0.1:8002"
    metrics_listen: Listen | None = None
    """Where Prometheus may scrape; nothing listens when absent."""

    witnesses: str = ""
    """Verifier keys (vkey) of the witnesses whose cosignatures the log takes, with spaces between them."""

    part_bytes: int = Field(default=8 * MIB, ge=64 * 1024, le=16 * MIB)
    """Plaintext bytes of footage in one sealed part. Larger parts: fewer objects, more memory an upload."""
    uploads_at_once: int = Field(default=16, ge=1)
    """How many uploads one ingest process takes bytes of at once; others wait. Each may hold three parts."""
    upload_expires: timedelta = Field(default=timedelta(days=7), ge=timedelta(hours=1))
    """An arriving recording that got no byte for this long is reaped; the camera still has it."""
    longest_recording: timedelta = Field(
        default=timedelta(hours=12), ge=timedelta(minutes=1), le=timedelta(days=7)
    )
    """Footage that claims to last longer goes to quarantine: no shift lasts that long."""
    clock_tolerance: timedelta = Field(default=timedelta(minutes=5), ge=timedelta(0), le=timedelta(hours=24))
    """How far ahead of ours a camera's clock may be before its recording goes to quarantine, and how far a
    dock's clock may differ to correct a camera's."""
    probe_seconds: int = Field(default=60, ge=1, le=3600)
    """Wall-clock limit on looking at one recording with ffprobe."""
    probe_memory_bytes: int = Field(default=1536 * MIB, ge=256 * MIB)
    """Address-space limit of that process."""

    adl_url: CollectorUrl | None = None
    """Where records of decisions go (Authorization Decision Log): OTLP/HTTP for logs, …/v1/logs."""
    adl_authorization: SecretStr | None = None
    """What to send in the Authorization header there, such as ``Bearer …``."""
    ldv_url: CollectorUrl | None = None
    """Where lines of processings go (Logboek Dataverwerkingen): OTLP/HTTP for traces, …/v1/traces."""
    ldv_authorization: SecretStr | None = None
    """The same there."""
    ldv_draft: Literal["0.8", "2025", "2024"] = "0.8"
    """Which text of that standard its reader goes by."""
    collector_certificate: Path | None = None
    """Client certificate with its key (PEM), for collectors that ask for one."""
    collector_authority: Path | None = None
    """Whom to trust about collectors' own certificates (PEM); the system's list when absent."""

    hold_review_days: int = Field(default=30, ge=1, le=366)
    """A hold that nobody looked at for so many days is on the reminder list."""

    stop_seconds: int = Field(default=100, ge=1)
    """How long a process that is asked to stop may take to finish what is under way."""

    contact_name: str = "Beheer bodycam-vault"
    contact_url: str = "https://example.org/bodycam-vault"
    contact_email: str = "beheer@example.org"
    """Contact block of the API description (NL API Design Rules, /core/doc-openapi-contact)."""

    @property
    def hold_review(self) -> timedelta:
        """How long a hold may go without a look."""
        return timedelta(days=self.hold_review_days)

    def require(self, *names: str) -> None:
        """Refuse to go on when one of the settings `names` was not given.

        Raises SettingsRefused naming the variables.
        """
        missing = [PREFIX + name.upper() for name in names if getattr(self, name) is None]
        if missing:
            raise SettingsRefused(f"not set: {', '.join(missing)}; set them and start again")


def load() -> Settings:
    """The settings of this process, from its environment.

    Raises SettingsRefused for a missing, malformed or unknown variable, naming it and never its value.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(
        name
        for name in os.environ
        # In any case of letters: so the variables we do know are read.
        if name.upper().startswith(PREFIX)
        and not name.upper().startswith(TEST_PREFIX)
        and name.upper() not in known
    )
    if unknown:
        raise SettingsRefused(f"unknown: {', '.join(unknown)}; a misspelt setting must not be ignored")
    try:
        return Settings()  # type: ignore[call-arg]  # the fields come from the environment
    except ValidationError as error:
        wrong = [f"{PREFIX}{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()]
        raise SettingsRefused("; ".join(wrong)) from None
