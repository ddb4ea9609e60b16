"""What the database knows of the things an entry is about, when it is indexed: camera, approval, hours.

It may know less later, when rows are gone; so these terms are derived once, and nobody is blamed when they
cannot be derived again.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.hours import OfficeHours, parse_hours
from policies.problems import RuleSetInvalid
from vault.audit import Event
from vault.leaves import is_id
from vault.rulesets import RuleSetAltered, RuleSetMissing, RuleSets
from vault.tables import Camera, Decision, Grant, Recording, Request
from vault.trail.terms import Kind, Pseudonym, Value
from vault.trail.words import reference


class Approval(NamedTuple):
    """What a grant rests on."""

    approver: UUID | None
    """Nobody when the rules alone allowed it."""
    recipient: str | None
    case_reference: str | None


@dataclass(frozen=True)
class Circumstances:
    """What is known of the things that a batch of entries is about."""

    cameras: Mapping[str, str]
    """Serial numbers, by recording."""
    approvals: Mapping[str, Approval]
    """By grant."""
    rule_sets: RuleSets

    def of(self, payload: Mapping[str, Any], named: Pseudonym) -> Iterator[Value]:
        """The values that an entry gets because of these."""
        if camera := reference(self._camera(payload)):
            yield Value(Kind.CAMERA, named("camera", camera))
        approval = self.approvals.get(payload["details"].get("grant") or "")
        if approval and approval.approver:
            yield Value(Kind.APPROVER, named("person", str(approval.approver)))
        if approval and approval.recipient:
            yield Value(Kind.RECIPIENT, named("recipient", approval.recipient))
        if case := reference((approval and approval.case_reference) or ""):
            yield Value(Kind.CASE, named("case", case))

    def _camera(self, payload: Mapping[str, Any]) -> str:
        """The serial number of the camera it is about, or nothing."""
        thing = payload["object"] or {}
        if thing.get("kind") == "camera":
            return str(payload["details"].get("serial", ""))
        return self.cameras.get(thing["id"], "") if thing.get("kind") == "recording" else ""

    def of_moment(self, leaf: Mapping[str, Any]) -> Iterator[Value]:
        """The values that an entry gets because of when it was; no payload is needed."""
        if hours_of(self.rule_sets, leaf["org"]).outside(datetime.fromtimestamp(leaf["t"] / 1000, UTC)):
            yield Value(Kind.HOURS, "out")
        if leaf["type"] == Event.VIEWING_SERVED:
            yield Value(Kind.UNCOMPLETED, "")


def circumstances(
    session: Session, rule_sets: RuleSets, payloads: Iterable[Mapping[str, Any]]
) -> Circumstances:
    """What the database knows now of what these payloads are about."""
    recordings, grants = set(), set()
    for payload in payloads:
        if thing := payload["object"]:
            is_one = thing["kind"] == "recording" and is_id(thing["id"])
            recordings.update([UUID(thing["id"])] if is_one else [])
        if grant := payload["details"].get("grant"):
            grants.add(UUID(grant))
    cameras = (
        select(Recording.id, Camera.serial)
        .join(Camera, Camera.id == Recording.camera_id)
        .where(Recording.id.in_(recordings))
    )
    approvals = (
        select(Grant.id, Decision.decider_id, Request.recipient, Request.case_reference)
        .join(Request, Request.id == Grant.request_id)
        .outerjoin(
            Decision,
            (Decision.request_id == Request.id)
            & (Decision.outcome == "granted")
            & Decision.decider_id.is_not(None),
        )
        .where(Grant.id.in_(grants))
    )
    return Circumstances(
        cameras={str(recording): serial for recording, serial in session.execute(cameras)},
        approvals={
            str(row.id): Approval(row.decider_id, row.recipient, row.case_reference)
            for row in session.execute(approvals)
        },
        rule_sets=rule_sets,
    )


def hours_of(rule_sets: RuleSets, municipality: str) -> OfficeHours:
    """The office hours of a municipality: its own, or those that come with the software."""
    try:
        own = rule_sets.of(municipality).terms.office_hours
    except (RuleSetMissing, RuleSetAltered, RuleSetInvalid):
        # Told elsewhere; whatever happens to a rule set, entries stay findable.
        own = None
    return own or ordinary_hours()


@cache
def ordinary_hours() -> OfficeHours:
    """The office hours where a municipality has none of its own."""
    return parse_hours((files("policies") / "hours.toml").read_text("utf-8"))
