"""A record of each decision: in the standard's form, with pseudonyms, and no less than was decided."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
import pytest

from console.demo import town
from policies.facts import Action
from policies.rules import CANNOT_BE_EVALUATED
from tests.installation import ISSUER, MAKER, Installation
from tests.vault.exports.told import ACTIVITY, activity, all_told, records_of, told_of
from tests.vault.web.test_authzen import schema
from tests.watching import CASE, PURPOSE, REASON, choosing, demand, entries, footage, granted, keep
from vault import audit, lists, tracing
from vault.audit import Event
from vault.evaluations import EvaluationDenied, Question, evaluate
from vault.exports.decisions import Record, records
from vault.ids import GrantId, RequestId
from vault.keys import KeyRing, rotate_audit
from vault.registry import Registrar
from vault.requests import look
from vault.searches import Wanted, find, find_own, open_search
from vault.trail import Question as TrailQuestion
from vault.trail import read as read_trail
from vault.vault import Caller
from vault.viewing import Watching

NOW = datetime.now(UTC)
PAGE = Path(__file__).parents[3] / "docs" / "exports.md"
CALLER = "00f067aa0ba902b7"
NAMES = {"adl.access_evaluation", "adl.access_evaluations", "adl.search_resource"}
ITEMS = {"request", "response", "policies", "information", "configuration"}


def pseudonym(made: Installation, who: town.Resident) -> str:
    return made.vault.ring.pseudonym("person", str(made.town.people[who.subject]))


def application(made: Installation) -> Caller:
    registrar = Registrar(made.vault.database, made.vault.ring, MAKER)
    person = registrar.person(ISSUER, "zaaksysteem", "Zaaksysteem", now=NOW)
    registrar.assign(person, town.SLUG, "application", now=NOW)
    return Caller(person, "Zaaksysteem")


def watch(made: Installation, grant: GrantId) -> datetime:
    """Ask for ten bytes; when that was."""
    now = datetime.now(UTC)
    Watching(made.vault).watch(made.caller(town.SUPERVISOR), grant, choosing(0, 9), now=now)
    return now


def request_of(record: Record) -> Any:
    return record.body["adl.core.request"]


def response_of(record: Record) -> Any:
    return record.body["adl.core.response"]


def test_a_range_that_was_watched(small: Installation) -> None:
    recording = keep(small, footage(1000))
    grant = granted(small, recording)
    trace = tracing.begin(f"00-{'4b' * 16}-{CALLER}-01")
    now = watch(small, grant)
    [served] = entries(small, Event.VIEWING_SERVED)
    leaf = json.loads(served.leaf)
    [record] = records_of(small, Event.VIEWING_SERVED)
    [told] = told_of(small, Event.VIEWING_SERVED)
    ring = small.vault.ring
    assert record.as_json() == {
        "trace_id": trace.trace_id,
        "span_id": leaf["corr"].split("/")[1],
        "parent_span_id": CALLER,
        "event_name": "adl.access_evaluation",
        "timestamp": leaf["t"],
        "status": "Unset",
        "attributes": {
            "adl.core.policies": {town.SLUG: leaf["pol"]},
            "adl.core.information": {"trail": [{"index": told.index, "entry": str(served.id)}]},
            "adl.core.configuration": audit.ENGINE,
            "dpl.core.data_subject_id": pseudonym(small, town.OFFICER),
        },
        "resource": {"service.name": "bodycam-vault", "service.namespace": town.SLUG},
        "body": {
            "adl.core.request": {
                "subject": {"type": "person", "id": pseudonym(small, town.SUPERVISOR)},
                "action": {"name": "watch", "properties": {"processing_activity_id": f"{ACTIVITY}/avg"}},
                "resource": {"type": "recording", "id": ring.pseudonym("recording", str(recording))},
                "context": {
                    "time": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z",
                    "purpose": PURPOSE,
                },
            },
            "adl.core.response": {
                "decision": True,
                "context": {
                    "reasons": [{"id": "watch-under-grant"}],
                    "obligations": [{"id": "decider"}, {"id": "no-copy"}],
                },
            },
        },
    }


def test_a_request_refers_to_the_facts_it_was_decided_on(small: Installation) -> None:
    granted(small, keep(small, footage(1000)))
    [asked] = records_of(small, Event.REQUEST_SUBMITTED)
    [told] = told_of(small, Event.REQUEST_SUBMITTED)
    assert asked.attributes["adl.core.information"]["facts"] == [told.details["situation"]]
    assert request_of(asked)["action"]["name"] == "ask"
    [approved] = records_of(small, Event.REQUEST_APPROVED)
    assert request_of(approved)["action"]["name"] == "decide"
    assert request_of(approved)["subject"]["id"] == pseudonym(small, town.PRIVACY_OFFICER)


def test_a_denial_is_a_good_answer(small: Installation) -> None:
    read_trail(
        small.vault, small.caller(town.SUPERVISOR), TrailQuestion(town.SLUG, "uit nieuwsgierigheid"), now=NOW
    )
    [record] = records_of(small, Event.TRAIL_DENIED)
    assert record.status == "Unset"
    assert response_of(record)["decision"] is False
    assert "obligations" not in response_of(record)["context"]
    # What someone wrote that is on no list may be anything.
    assert "nieuwsgierig" not in str(record)
    assert "purpose" not in request_of(record)["context"]
    assert request_of(record)["resource"]["type"] == "trail"


def test_what_could_not_be_decided_is_an_error(small: Installation) -> None:
    read_trail(small.vault, small.caller(town.SUPERVISOR), TrailQuestion(town.SLUG, PURPOSE), now=NOW)
    [told] = told_of(small, Event.TRAIL_DENIED)
    broken = replace(told, leaf={**told.leaf, "why": [CANNOT_BE_EVALUATED.id]})
    [record] = records([broken], small.vault.ring, activity)
    assert (record.status, response_of(record)["decision"]) == ("Error", False)


def test_a_permission_with_an_obligation_nobody_meets(small: Installation) -> None:
    """The rules said yes, with an obligation; that it could not be met is no decision of theirs."""
    grant = granted(small, keep(small, footage(1000)))
    demand(small, grant, ["watermark"])
    watch(small, grant)
    [record] = records_of(small, Event.VIEWING_DENIED)
    assert response_of(record)["decision"] is True
    assert {"id": "watermark"} in response_of(record)["context"]["obligations"]


def test_what_was_no_decision_has_no_record(small: Installation) -> None:
    keep(small, footage(1000))
    told = all_told(small)
    assert {each.leaf["type"] for each in told} >= {Event.RECORDING_KEPT, Event.PERSON_REGISTERED}
    assert all(not records([each], small.vault.ring, activity) for each in told)


def test_a_list_is_a_search_whose_results_are_pseudonyms(small: Installation) -> None:
    vault, supervisor = small.vault, small.caller(town.SUPERVISOR)
    recordings = [keep(small, footage(1000, seed), started_at=NOW - timedelta(hours=3)) for seed in (1, 2)]
    hours = timedelta(hours=4)
    wanted = Wanted(town.SLUG, PURPOSE, REASON, CASE, NOW - hours, NOW)
    opening = open_search(vault, supervisor, wanted, now=NOW)
    assert opening.search
    find(vault, supervisor, opening.search, now=NOW)
    [opened] = records_of(small, Event.SEARCH_OPENED)
    assert opened.event_name == "adl.access_evaluation"
    assert request_of(opened)["action"]["name"] == "find"
    assert request_of(opened)["resource"]["type"] == "search"
    [found] = records_of(small, Event.RECORDINGS_FOUND)
    assert found.event_name == "adl.search_resource"
    assert request_of(found)["resource"] == {"type": "recording"}
    assert request_of(found)["action"]["name"] == "find"
    assert request_of(found)["context"]["search"] == request_of(opened)["resource"]["id"]
    known = {vault.ring.pseudonym("recording", str(each)) for each in recordings}
    assert {result["id"] for result in response_of(found)["results"]} == known
    assert {result["type"] for result in response_of(found)["results"]} == {"recording"}


def test_lists_of_requests_and_grants(small: Installation) -> None:
    granted(small, keep(small, footage(1000)))
    wanted = lists.Wanted(town.SLUG, lists.Whose.MINE)
    lists.list_requests(small.vault, small.caller(town.SUPERVISOR), wanted, now=NOW)
    lists.list_grants(small.vault, small.caller(town.SUPERVISOR), wanted, now=NOW)
    for event, kind in ((Event.REQUESTS_LISTED, "request"), (Event.GRANTS_LISTED, "grant")):
        [record] = records_of(small, event)
        assert record.event_name == "adl.search_resource"
        assert request_of(record)["action"]["name"] == f"read-{kind}"
        assert [result["type"] for result in response_of(record)["results"]] == [kind]


def test_nothing_found_is_a_record_too(small: Installation) -> None:
    find_own(small.vault, small.caller(town.OFFICER), town.SLUG, PURPOSE, now=NOW)
    [record] = records_of(small, Event.RECORDINGS_FOUND)
    assert response_of(record)["results"] == []


def question(small: Installation, kind: str, thing: str) -> Question:
    subject = small.caller(town.SUPERVISOR).id
    return Question(subject, Action.ASK, kind, thing, PURPOSE, has_case_reference=True)


def test_asked_for_somebody_else(small: Installation) -> None:
    recording = keep(small, footage(1000))
    software = application(small)
    evaluate(small.vault, software, [question(small, "recording", str(recording))], now=NOW)
    [record] = records_of(small, Event.DECISION_EVALUATED)
    assert record.event_name == "adl.access_evaluation"
    asked = request_of(record)
    # Whom it is about, as AuthZEN has it; who asked stands in the trail.
    assert asked["subject"] == {"type": "person", "id": pseudonym(small, town.SUPERVISOR)}
    assert asked["action"]["name"] == "ask"
    assert asked["resource"]["id"] == small.vault.ring.pseudonym("recording", str(recording))
    assert response_of(record)["decision"] is True
    jsonschema.validate(asked, schema("evaluation-request"))
    jsonschema.validate(response_of(record), schema("evaluation-response"))


def test_who_may_not_ask_is_decided_on_themselves(small: Installation) -> None:
    recording = keep(small, footage(1000))
    officer = small.caller(town.OFFICER)
    with pytest.raises(EvaluationDenied):
        evaluate(small.vault, officer, [question(small, "recording", str(recording))], now=NOW)
    [record] = records_of(small, Event.DECISION_EVALUATED)
    assert request_of(record)["action"]["name"] == "evaluate"
    assert request_of(record)["subject"]["id"] == pseudonym(small, town.OFFICER)
    assert response_of(record)["decision"] is False


def test_a_question_about_nothing_tells_none_of_its_words(small: Installation) -> None:
    evaluate(small.vault, application(small), [question(small, "Bo Jansen", "in het café")], now=NOW)
    [record] = records_of(small, Event.DECISION_EVALUATED)
    assert response_of(record) == {"decision": False, "context": {"reasons": []}}
    assert "Jansen" not in str(record)
    assert "caf" not in str(record)


def test_several_parts_are_one_record_in_their_order(small: Installation) -> None:
    recording = keep(small, footage(1000))
    asked = [question(small, "recording", each) for each in (str(recording), "nowhere", str(recording))]
    software = application(small)
    evaluate(small.vault, software, asked, now=NOW)
    evaluate(small.vault, software, asked[:1], now=NOW)
    together, alone = records_of(small, Event.DECISION_EVALUATED)
    assert (together.event_name, alone.event_name) == ("adl.access_evaluations", "adl.access_evaluation")
    answers = response_of(together)["evaluations"]
    assert [answer["decision"] for answer in answers] == [True, False, True]
    assert len(request_of(together)["evaluations"]) == 3
    assert len(together.attributes["adl.core.information"]["trail"]) == 3
    assert together.span_id != alone.span_id


def test_one_answer_of_a_question_that_ended_early_is_still_of_several(small: Installation) -> None:
    asked = [question(small, "recording", each) for each in ("nowhere", "elsewhere")]
    evaluate(small.vault, application(small), asked, now=NOW, enough=lambda answer: not answer.permitted)
    [record] = records_of(small, Event.DECISION_EVALUATED)
    assert record.event_name == "adl.access_evaluations"
    assert len(response_of(record)["evaluations"]) == 1


def test_when_the_payload_is_gone_the_leaf_still_tells(small: Installation) -> None:
    recording = keep(small, footage(1000))
    granted(small, recording)
    find_own(small.vault, small.caller(town.OFFICER), town.SLUG, PURPOSE, now=NOW)
    [asked] = told_of(small, Event.REQUEST_SUBMITTED)
    [record] = records([replace(asked, payload=None)], small.vault.ring, activity)
    assert request_of(record)["subject"]["id"] == pseudonym(small, town.SUPERVISOR)
    assert request_of(record)["action"]["name"] == "request.submitted"
    assert request_of(record)["resource"]["type"] == "unknown"
    [found] = told_of(small, Event.RECORDINGS_FOUND)
    [record] = records([replace(found, payload=None)], small.vault.ring, activity)
    assert response_of(record)["context"]["listed"] == 1
    assert "results" not in response_of(record)


def test_an_entry_is_told_by_the_pseudonyms_of_its_own_epoch(small: Installation) -> None:
    recording = keep(small, footage(1000))
    evaluate(small.vault, application(small), [question(small, "recording", str(recording))], now=NOW)
    [told] = told_of(small, Event.DECISION_EVALUATED)
    [before] = records([told], small.vault.ring, activity)
    rotate_audit(small.settings.keys, small.ingest_settings.keys)
    ring = KeyRing.load(small.settings.keys)
    assert ring.epoch != small.vault.ring.epoch
    assert records([told], ring, activity) == [before]
    # Once its secret is destroyed nobody can make them any more.
    gone = replace(told, leaf={**told.leaf, "epoch": "0" * 16})
    [record] = records([gone], ring, activity)
    assert request_of(record)["subject"] == {"type": "person"}


def test_every_record_is_what_the_standard_asks(small: Installation) -> None:
    recording = keep(small, footage(1000))
    grant = granted(small, recording)
    watch(small, grant)
    [asked] = told_of(small, Event.REQUEST_SUBMITTED)
    request_id = RequestId(UUID(asked.details["request"]))
    look(small.vault, small.caller(town.SUPERVISOR), request_id, now=NOW)
    find_own(small.vault, small.caller(town.OFFICER), town.SLUG, PURPOSE, now=NOW)
    told = all_told(small)
    made = [record for each in told for record in records([each], small.vault.ring, activity)]
    assert len(made) == sum("dec" in each.leaf for each in told) == 5
    page = PAGE.read_text("utf-8")
    for record in made:
        assert record.event_name in NAMES
        for name in (*record.as_json(), *record.attributes, *record.body, *record.resource):
            assert f"`{name}`" in page or name in ("attributes", "body"), name
        assert len(bytes.fromhex(record.trace_id)) == 16
        assert len(bytes.fromhex(record.span_id)) == 8
        placed = [*record.body, *(name for name in record.attributes if name.startswith("adl."))]
        # Each item in one place only.
        assert sorted(placed) == sorted({f"adl.core.{item}" for item in ITEMS})
        if record.event_name == "adl.access_evaluation":
            jsonschema.validate(request_of(record), schema("evaluation-request"))
            jsonschema.validate(response_of(record), schema("evaluation-response"))
    assert len({(record.trace_id, record.span_id) for record in made}) == len(made)
