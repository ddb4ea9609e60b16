"""A situation in Cedar's words: the question, and the entities it is about.

The shapes are those of schema.cedarschema: by it Cedar knows an entity or a datetime without
being told, and refuses what does not fit.
"""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from policies.facts import (
    ABOUT_FOOTAGE,
    ABOUT_GRANT,
    ABOUT_REQUEST,
    WITHOUT_PURPOSE,
    Action,
    Grant,
    Person,
    Recording,
    Request,
    Resource,
    RuleBook,
    Search,
    Situation,
    Trail,
)
from policies.retention import days_between
from policies.terms import Terms

Json = dict[str, Any]
_OF_TWO = frozenset({Action.ACTIVATE_RULES, Action.DECIDE_ERASURE})
"""What one may do only after another proposed it."""


About = Request | Grant | Search | None
"""What the action is about, besides the resource. The rules see no other."""


def question(situation: Situation, municipality: str, *, years: bool = True) -> Json:
    """The question for Cedar, asked of the rules of `municipality`.

    `years`: whether its schema knows of years; one that was stored before it did refuses to hear of them.
    """
    context: Json = {
        "now": _moment(situation.now),
        "municipality": _ref("Municipality", municipality),
    }
    about = asked_about(situation)
    if about is not None:
        kind = type(about).__name__
        context[kind.lower()] = _ref(kind, about.id)
    if situation.action not in WITHOUT_PURPOSE:
        context["purpose"] = _ref("Purpose", situation.purpose)
    if situation.action is Action.EVALUATE and situation.subject is not None:
        context["subject"] = _ref("Person", situation.subject)
    if years and situation.action in ABOUT_FOOTAGE:
        context["oneYearAgo"] = _moment(situation.one_year_ago)
        context["fiveYearsAgo"] = _moment(situation.five_years_ago)
        context["tenYearsAgo"] = _moment(situation.ten_years_ago)
    if situation.action in _OF_TWO and situation.proposer is not None:
        context["proposer"] = _ref("Person", situation.proposer)
    if situation.action is Action.SETTLE_SIGNAL:
        context["concerned"] = [_ref("Person", person) for person in sorted(situation.concerned)]
    return {
        "principal": {"type": "Person", "id": str(situation.person.id)},
        "action": {"type": "Action", "id": situation.action.value},
        "resource": _resource_uid(situation.resource),
        "context": _dump(context),
    }


def asked_about(situation: Situation) -> About:
    """The request, the grant or the search that the action is about."""
    if situation.action in ABOUT_REQUEST:
        return situation.request
    if situation.action is Action.FIND:
        return situation.search
    return situation.grant if situation.action in ABOUT_GRANT else None


def entities(terms: Terms, person: Person, resource: Resource, about: About) -> str:
    """These with their attributes, as Cedar's JSON. Nothing else is ever looked up."""
    return _dump([*_standing(terms, person, about), *_things(resource, about)])


def standing(terms: Terms, person: Person, about: About) -> str:
    """Of `entities` what stays the same for every row of a list."""
    return _dump(_standing(terms, person, about))


def things(*situations: tuple[Resource, About]) -> str:
    """Of `entities` the rest; of several at once each thing a single time."""
    told = (thing for each in situations for thing in _things(*each))
    return _dump(list({(thing["uid"]["type"], thing["uid"]["id"]): thing for thing in told}.values()))


def _standing(terms: Terms, person: Person, about: About) -> list[Json]:
    told = [_entity(_ref("Municipality", terms.municipality), _municipality(terms)), _person(person)]
    return [*told, _entity(_ref("Search", about.id), _search(about))] if isinstance(about, Search) else told


def _things(resource: Resource, about: About) -> list[Json]:
    thing = _recording(resource) if isinstance(resource, Recording) else _of_municipality(resource)
    told = [_entity(_resource_uid(resource), thing)]
    match about:
        case Request():
            told.append(_entity(_ref("Request", about.id), _request(about, resource)))
        case Grant():
            told.append(_entity(_ref("Grant", about.id), _grant(about)))
    return told


def _entity(uid: Json, attributes: Json) -> Json:
    return {"uid": uid, "attrs": attributes, "parents": []}


def _municipality(terms: Terms) -> Json:
    attributes: Json = {
        "purposes": [_ref("Purpose", purpose) for purpose in terms.purposes],
        "recipients": [_ref("Recipient", recipient) for recipient in terms.recipients],
        "sharesWith": [_ref("Municipality", other) for other in terms.shares_with],
    }
    return attributes if terms.most_viewers is None else attributes | {"mostViewers": terms.most_viewers}


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


def _of_municipality(resource: Trail | RuleBook) -> Json:
    return {"municipality": _ref("Municipality", resource.municipality)}


def _resource_uid(resource: Resource) -> Json:
    if isinstance(resource, Recording):
        return {"type": "Recording", "id": str(resource.id)}
    return {"type": type(resource).__name__, "id": resource.municipality}


def _request(request: Request, resource: Resource) -> Json:
    attributes = {
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
        "safetyIncident": request.safety_incident,
        "integrityInvestigation": request.integrity_investigation,
        "otherViewers": request.other_viewers,
        "daysAfterRecording": (
            days_between(resource.recorded_at, request.asked_at) if isinstance(resource, Recording) else 0
        ),
    }
    if request.recipient is not None:
        attributes["recipient"] = _ref("Recipient", request.recipient)
    return attributes


def _search(search: Search) -> Json:
    return {
        "requester": _ref("Person", search.requester),
        "purpose": _ref("Purpose", search.purpose),
        "since": _moment(search.since),
        "until": _moment(search.until),
        "openUntil": _moment(search.open_until),
        "hasCaseReference": search.has_case_reference,
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
