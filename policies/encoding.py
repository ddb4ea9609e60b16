"""A situation in Cedar's words: the question, and the entities it is about.

The shapes are those of schema.cedarschema: by it Cedar knows an entity or a datetime without
being told, and refuses what does not fit.
"""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from policies.facts import ABOUT_GRANT, ABOUT_REQUEST, Grant, Person, Recording, Request, Situation, Trail

Json = dict[str, Any]


def question(situation: Situation, municipality: str, offered: bool) -> Json:
    """The question for Cedar, asked of the rules of `municipality`; `offered`: its terms list the purpose."""
    context: Json = {
        "purpose": _ref("Purpose", situation.purpose),
        "now": _moment(situation.now),
        "municipality": _ref("Municipality", municipality),
        "purposeOffered": offered,
    }
    about = asked_about(situation)
    if about is not None:
        kind = type(about).__name__
        context[kind.lower()] = _ref(kind, about.id)
    return {
        "principal": {"type": "Person", "id": str(situation.person.id)},
        "action": {"type": "Action", "id": situation.action.value},
        "resource": _resource_uid(situation.resource),
        "context": _dump(context),
    }


def asked_about(situation: Situation) -> Request | Grant | None:
    """The request or the grant that the action is about. The rules see no other."""
    if situation.action in ABOUT_REQUEST:
        return situation.request
    return situation.grant if situation.action in ABOUT_GRANT else None


def entities(person: Person, resource: Recording | Trail, about: Request | Grant | None) -> str:
    """These with their attributes, as Cedar's JSON. Nothing else is ever looked up."""
    attributes = _recording(resource) if isinstance(resource, Recording) else _trail(resource)
    known = [_person(person), {"uid": _resource_uid(resource), "attrs": attributes, "parents": []}]
    if about is not None:
        known.append(
            {
                "uid": _ref(type(about).__name__, about.id),
                "attrs": _request(about) if isinstance(about, Request) else _grant(about),
                "parents": [],
            }
        )
    return _dump(known)


def _dump(value: Json | list[Json]) -> str:
    """As JSON. A missing fact stays missing (null), which Cedar refuses: it never becomes a name."""
    return json.dumps(value, default=_id)


def _id(value: object) -> str:
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not a fact")


def _person(person: Person) -> Json:
    return {
        "uid": {"type": "Person", "id": person.id},
        "attrs": {
            "municipality": _ref("Municipality", person.municipality),
            "teams": [_ref("Team", team) for team in person.teams],
            "active": person.active,
        },
        "parents": [{"type": "Role", "id": role} for role in person.roles],
    }


def _recording(recording: Recording) -> Json:
    attributes = {
        "municipality": _ref("Municipality", recording.municipality),
        "maker": _ref("Person", recording.maker),
        "depicted": [_ref("Person", person) for person in recording.depicted],
        "regime": _ref("Regime", recording.regime),
        "recordedAt": _moment(recording.recorded_at),
        "disposeAfter": _moment(recording.dispose_after),
        "state": recording.state,
    }
    return attributes if recording.team is None else attributes | {"team": _ref("Team", recording.team)}


def _trail(trail: Trail) -> Json:
    return {"municipality": _ref("Municipality", trail.municipality)}


def _resource_uid(resource: Recording | Trail) -> Json:
    if isinstance(resource, Recording):
        return {"type": "Recording", "id": str(resource.id)}
    return {"type": "Trail", "id": resource.municipality}


def _request(request: Request) -> Json:
    return {
        "requester": _ref("Person", request.requester),
        "purpose": _ref("Purpose", request.purpose),
        "askedAt": _moment(request.asked_at),
        "hasCaseReference": request.has_case_reference,
        "complaintFiled": request.complaint_filed,
        "criminalComplaintFiled": request.criminal_complaint_filed,
        "demandReceived": request.demand_received,
        "subjectDepicted": request.subject_depicted,
        "demonstrableInterest": request.demonstrable_interest,
        "atOfficersRequest": request.at_officers_request,
    }


def _grant(grant: Grant) -> Json:
    return {
        "holder": _ref("Person", grant.holder),
        "recording": _ref("Recording", grant.recording),
        "purpose": _ref("Purpose", grant.purpose),
        "validFrom": _moment(grant.valid_from),
        "validUntil": _moment(grant.valid_until),
        "revoked": grant.revoked,
    }


def _ref(kind: str, id_: str | UUID) -> Json:
    return {"type": kind, "id": id_}


def _moment(moment: datetime) -> str:
    """Cedar counts whole milliseconds, the rest is cut off. Raises ValueError for a time without zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")
    return f"{text}Z"
