"""A look at what is kept and what becomes of it (terms, holds, erasures, certificates): each is an entry."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from policies.facts import Action, Trail
from vault.audit import Event
from vault.standing import By, Standing, append_before, stand_before
from vault.vault import Vault


def stand_to_look(vault: Vault, session: Session, by: By, municipality: str, now: datetime) -> Standing:
    """Who looks at a municipality's retention, and whether its rules let them. Raises RuleSetMissing."""
    return stand_before(vault, session, by, Action.READ_RETENTION, Trail(municipality), now)


def enter_look(
    vault: Vault,
    session: Session,
    who: Standing,
    municipality: str,
    now: datetime,
    *,
    leaf: Mapping[str, str | int | bool],
    details: Mapping[str, object],
) -> None:
    """The entry of that look, or of its denial."""
    append_before(
        vault,
        session,
        who,
        Event.RETENTION_READ,
        Trail(municipality),
        now,
        denied=Event.RETENTION_DENIED,
        leaf=leaf,
        details=details,
    )
