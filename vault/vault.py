"""What a process of the vault holds, and who calls on it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vault.audit import Actor
from vault.db import Database
from vault.ids import PersonId
from vault.keys import FootageFiles, KeyRing, Role, TokenRefused
from vault.objects import ObjectStore, open_store
from vault.rulesets import RuleSets, load_rule_sets
from vault.settings import Settings, SettingsRefused

if TYPE_CHECKING:
    from vault.keys.token import TokenKeys


@dataclass(frozen=True)
class Vault:
    """The means of the vault, given to each of its verbs."""

    database: Database
    ring: KeyRing
    store: ObjectStore
    rule_sets: RuleSets

    @property
    def at_hand(self) -> bool:
        """Whether database and objects are on this machine: then nothing here waits for a network."""
        return self.database.at_hand and self.store.at_hand


@dataclass(frozen=True)
class Caller:
    """A person who proved who they are. What they may do is for the policy to say."""

    id: PersonId
    name: str

    def as_actor(self, roles: frozenset[str]) -> Actor:
        """How the trail names them, with the roles they had at that moment."""
        return Actor("person", str(self.id), self.name, tuple(sorted(roles)))


def open_vault(settings: Settings) -> Vault:
    """The means of the vault. Raises what refuses to start: settings, keys, rule sets."""
    database = database_of(settings)
    return Vault(
        database=database,
        ring=ring_of(settings, Role.VAULT),
        store=store_of(settings),
        rule_sets=load_rule_sets(settings.rule_sets, database),
    )


def ring_of(settings: Settings, role: Role) -> KeyRing:
    """The key ring the settings name, which must be that of `role`. Raises what a ring or token refuses."""
    beside = settings.ingest_keys if role is Role.VAULT else None
    files = FootageFiles(settings.keys, role, beside=beside)
    return KeyRing.load(settings.keys, role=role, footage=token_of(settings, role) or files)


def token_of(settings: Settings, role: Role) -> "TokenKeys | None":
    """The token the settings name, with the keys that open footage; None when they are files.

    Raises SettingsRefused, TokenRefused, TokenAway.
    """
    if settings.keys_pkcs11_module is None and settings.keys_pkcs11_token is None:
        return None
    settings.require("keys_pkcs11_module", "keys_pkcs11_token")
    pin = settings.keys_pkcs11_pin
    if role is Role.VAULT:
        settings.require("keys_pkcs11_pin")
    elif pin is not None:
        raise SettingsRefused("BODYCAM_KEYS_PKCS11_PIN: is not for ingest, which wraps; take it away there")
    try:
        from vault.keys.token import open_token  # what only those need who have a token
    except ImportError:
        raise TokenRefused(
            "python-pkcs11 is not installed, and a token needs it: pip install 'bodycam-vault[pkcs11]'"
        ) from None
    return open_token(
        Path(str(settings.keys_pkcs11_module)),
        str(settings.keys_pkcs11_token),
        pin.get_secret_value() if pin else None,
    )


def database_of(settings: Settings) -> Database:
    """The database the settings name; nothing is asked of it yet."""
    return Database(settings.database_url.get_secret_value())


def store_of(settings: Settings, *, create: bool = False) -> ObjectStore:
    """The object store the settings name; with `create`, made when missing, else not even asked."""
    access, secret = settings.objects_access_key, settings.objects_secret_key
    return open_store(
        settings.objects_url,
        access_key=access.get_secret_value() if access else None,
        secret_key=secret.get_secret_value() if secret else None,
        create=create,
    )
