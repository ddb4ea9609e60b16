"""The decision point for others: the AuthZEN 1.0 certification scenario, with our own fixture for its people.

Basic Core, Batch Core and Discovery are followed test by test; docs/decisions/authzen.md has the list. The
Properties levels do not apply: facts come from our register, and what an asker says of a person or a
recording must not change an answer; that is tested instead.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests

from console.demo import town
from tests.installation import MAKER, Installation, free_port, listening
from tests.servers import LEFT_OUT
from tests.watching import CASE, House, entries, ids, payload_of, problem
from vault.audit import Event
from vault.ids import new_id
from vault.registry import Registrar
from vault.web.app import make_app

SOFTWARE = "zaaksysteem"
SCHEMAS = Path(__file__).parents[4] / "shared" / "standards" / "authzen"
WISH = {"purpose": "incidentafhandeling", "caseReference": CASE}
Json = dict[str, Any]


def register_software(installation: Installation, issuer: str, role: str = "application") -> None:
    registrar = Registrar(installation.vault.database, installation.vault.ring, MAKER)
    now = datetime.now(UTC)
    person = registrar.person(issuer, SOFTWARE, "Zaaksysteem", now=now)
    registrar.assign(person, town.SLUG, role, now=now)


@dataclass
class Asker:
    """Other software of the municipality, at the decision point of a house."""

    house: House
    subject: str = SOFTWARE

    def post(self, where: str, body: Any, **headers: str) -> requests.Response:
        sent = {"Authorization": f"Bearer {self.house.provider.token(self.subject)}", **headers}
        if isinstance(body, bytes):
            return requests.post(f"{self.house.url}{where}", data=body, headers=sent, timeout=30)
        return requests.post(f"{self.house.url}{where}", json=body, headers=sent, timeout=30)

    def one(self, body: Any, **headers: str) -> requests.Response:
        return self.post("/access/v1/evaluation", body, **headers)

    def several(self, body: Any) -> requests.Response:
        return self.post("/access/v1/evaluations", body)

    def decided(self, body: Any) -> bool:
        answer = self.one(body)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "application/json"
        decision = answer.json()["decision"]
        assert isinstance(decision, bool)
        return decision

    def subject_of(self, who: town.Resident) -> Json:
        return {"type": "person", "id": str(self.house.installation.town.people[who.subject])}

    @property
    def recording(self) -> Json:
        return {"type": "recording", "id": str(self.house.recording)}

    def may_ask(self, who: town.Resident, **changed: Any) -> Json:
        """May this person ask to see the recording, for an incident?"""
        return {
            "subject": self.subject_of(who),
            "action": {"name": "ask"},
            "resource": self.recording,
            "context": WISH,
        } | changed


@pytest.fixture(scope="module")
def asker(house: House) -> Asker:
    register_software(house.installation, house.provider.issuer)
    return Asker(house)


@pytest.fixture
def small_asker(small_house: House) -> Asker:
    register_software(small_house.installation, small_house.provider.issuer)
    return Asker(small_house)


# Basic Core


def test_permit_and_deny(asker: Asker) -> None:
    assert asker.decided(asker.may_ask(town.SUPERVISOR))
    assert not asker.decided(asker.may_ask(town.OFFICER))


def test_the_answer_explains_itself(asker: Asker) -> None:
    told = asker.one(asker.may_ask(town.SUPERVISOR)).json()["context"]
    [reason] = told["reasons"]
    assert reason["id"] == "supervisor-asks-for-own-team"
    assert reason["title"].keys() == {"nl", "en"}
    assert all([*reason["title"].values(), reason["basis"]])
    assert {"id": "decider", "type": "custom", "properties": {"action": "decider"}} in told["obligations"]
    assert told["ruleSet"] == asker.house.installation.vault.rule_sets.of(town.SLUG).digest
    refused = asker.one(asker.may_ask(town.SUPERVISOR, context=WISH | {"purpose": "klacht"})).json()
    assert [reason["id"] for reason in refused["context"]["reasons"]] == ["needs-complaint"]
    assert refused["context"]["obligations"] == []


def test_what_the_context_says_of_a_wish_counts(asker: Asker) -> None:
    complaint = WISH | {"purpose": "klacht", "prerequisites": ["complaint-filed"]}
    assert asker.decided(asker.may_ask(town.SUPERVISOR, context=complaint))
    assert not asker.decided(asker.may_ask(town.SUPERVISOR, context={"purpose": "incidentafhandeling"}))
    assert not asker.decided(asker.may_ask(town.SUPERVISOR, context=WISH | {"recipient": "de-krant"}))
    more = WISH | {"time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1"}
    assert asker.decided(asker.may_ask(town.SUPERVISOR, context=more))
    wrong = asker.one(asker.may_ask(town.SUPERVISOR, context=WISH | {"prerequisites": ["rich"]}))
    assert problem(wrong, 400, "invalid-input")["errors"][0]["field"] == "context.prerequisites.0"


def test_what_an_asker_says_of_facts_does_not_count(asker: Asker) -> None:
    made_up = {"properties": {"role": "supervisor", "roles": ["supervisor"], "active": True}}
    question = asker.may_ask(town.OFFICER, subject=asker.subject_of(town.OFFICER) | made_up)
    assert not asker.decided(question)
    elsewhere = asker.recording | {"properties": {"state": "disposed", "team": "haven"}}
    assert asker.decided(asker.may_ask(town.SUPERVISOR, resource=elsewhere))


@pytest.mark.parametrize(
    ("context", "rule"),
    [
        ({}, "purpose-unknown"),
        ({"purpose": "nieuwsgierigheid"}, "purpose-unknown"),
        (WISH | {"purpose": "functioneringsgesprek"}, "works-council"),
    ],
)
def test_a_purpose_that_is_no_good_is_a_no_and_no_refusal(asker: Asker, context: Json, rule: str) -> None:
    told = asker.one(asker.may_ask(town.SUPERVISOR, context=context)).json()
    assert told["decision"] is False
    assert told["context"]["reasons"][0]["id"] == rule


def test_unknown_fields_are_passed_over(asker: Asker) -> None:
    assert asker.decided(asker.may_ask(town.SUPERVISOR, foo="bar", futureField={"nested": True}))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("subject", None),
        ("action", None),
        ("resource", None),
        ("subject.type", None),
        ("subject.id", None),
        ("action.name", None),
        ("resource.type", None),
        ("resource.id", None),
        ("subject", "alice"),
        ("action.name", 123),
        ("resource.id", ""),
        ("resource.id", f"{town.SLUG}\0"),
        ("context", "today"),
    ],
)
@pytest.mark.parametrize("where", ["/access/v1/evaluation", "/access/v1/evaluations"])
def test_what_is_missing_or_of_another_type_is_a_400(
    asker: Asker, where: str, path: str, value: object
) -> None:
    question = json.loads(json.dumps(asker.may_ask(town.SUPERVISOR)))
    *above, last = path.split(".")
    place = question[above[0]] if above else question
    if value is None:
        del place[last]
    else:
        place[last] = value
    found = problem(asker.post(where, question), 400, "invalid-input")
    assert found["errors"][0]["field"].startswith(path)


@pytest.mark.parametrize("where", ["/access/v1/evaluation", "/access/v1/evaluations"])
def test_what_is_no_json_is_a_400(asker: Asker, where: str) -> None:
    question = json.dumps(asker.may_ask(town.SUPERVISOR)).encode()
    as_json = {"Content-Type": "application/json"}
    assert asker.post(where, question, **as_json).status_code == 200
    assert asker.post(where, question, **{"Content-Type": "text/plain"}).status_code == 400
    assert asker.post(where, question[:-5], **as_json).status_code == 400
    assert asker.post(where, b"", **as_json).status_code == 400
    assert asker.post(where, b"[]", **as_json).status_code == 400


def test_a_request_id_comes_back(asker: Asker) -> None:
    given = "bfe9eb29-ab87-4ca3-be83-a1d5d8305716"
    header = {"X-Request-ID": given}
    assert asker.one(asker.may_ask(town.SUPERVISOR), **header).headers["X-Request-ID"] == given
    assert asker.one({}, **header).headers["X-Request-ID"] == given
    assert "X-Request-ID" not in asker.one(asker.may_ask(town.SUPERVISOR)).headers
    nobody = requests.post(f"{asker.house.url}/access/v1/evaluation", headers=header, json={}, timeout=10)
    assert (nobody.status_code, nobody.headers["X-Request-ID"]) == (401, given)
    assert (
        "X-Request-ID"
        not in requests.get(f"{asker.house.url}/health/alive", headers=header, timeout=10).headers
    )


def test_json_may_name_its_characters(asker: Asker) -> None:
    question = json.dumps(asker.may_ask(town.SUPERVISOR)).encode()
    answer = asker.post(
        "/access/v1/evaluation", question, **{"Content-Type": "application/json; charset=utf-8"}
    )
    assert answer.json()["decision"] is True


@pytest.mark.parametrize("name", ["evaluation", "evaluations"])
def test_one_asks_by_post(asker: Asker, name: str) -> None:
    headers = {"Authorization": f"Bearer {asker.house.provider.token(SOFTWARE)}"}
    for method in ("GET", "PUT", "DELETE"):
        answer = requests.request(method, f"{asker.house.url}/access/v1/{name}", headers=headers, timeout=10)
        problem(answer, 405, "method-not-allowed")
        assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("what", ["subject", "resource", "action"])
def test_nobody_searches(asker: Asker, what: str) -> None:
    problem(asker.post(f"/access/v1/search/{what}", asker.may_ask(town.SUPERVISOR)), 404, "not-found")


def test_the_same_question_has_the_same_answer(asker: Asker) -> None:
    assert {asker.decided(asker.may_ask(town.SUPERVISOR)) for _ in range(5)} == {True}


# Batch Core


def test_a_batch_fills_in_defaults_and_keeps_its_order(asker: Asker) -> None:
    defaults = {name: value for name, value in asker.may_ask(town.SUPERVISOR).items() if name != "subject"}
    people = [town.SUPERVISOR, town.OFFICER, town.SUPERVISOR]
    asked = [{"subject": asker.subject_of(who)} for who in people]
    answer = asker.several(defaults | {"evaluations": asked}).json()
    assert list(answer) == ["evaluations"]
    assert [each["decision"] for each in answer["evaluations"]] == [True, False, True]


def test_a_member_of_its_own_replaces_the_whole_default(asker: Asker) -> None:
    whole = asker.may_ask(town.SUPERVISOR)
    own = {"context": {"purpose": "incidentafhandeling"}}
    [first, second] = asker.several(whole | {"evaluations": [{}, own]}).json()["evaluations"]
    assert first["decision"]
    assert [reason["id"] for reason in second["context"]["reasons"]] == ["needs-case-reference"]


def test_one_that_is_wrong_is_a_no_in_its_place(asker: Asker) -> None:
    whole = asker.may_ask(town.SUPERVISOR)
    del whole["resource"]
    asked = [{"resource": asker.recording}, {}, {"resource": asker.recording}]
    body = whole | {"options": {"evaluations_semantic": "execute_all"}, "evaluations": asked}
    answer = asker.several(body)
    assert answer.status_code == 200
    assert [each["decision"] for each in answer.json()["evaluations"]] == [True, False, True]


def test_a_trail_of_a_name_that_no_database_takes_does_not_spoil_the_others(asker: Asker) -> None:
    odd = {"action": {"name": "read-audit"}, "resource": {"type": "trail", "id": f"{town.SLUG}\0"}}
    body = asker.may_ask(town.SUPERVISOR) | {"evaluations": [{}, odd]}
    answer = asker.several(body)
    assert answer.status_code == 200
    assert [each["decision"] for each in answer.json()["evaluations"]] == [True, False]


@pytest.mark.parametrize("batch", [{}, {"evaluations": []}])
def test_without_evaluations_it_is_the_single_question(asker: Asker, batch: Json) -> None:
    assert asker.several(asker.may_ask(town.SUPERVISOR) | batch).json()["decision"] is True


@pytest.mark.parametrize(
    ("semantic", "answers"),
    [
        ("execute_all", [True, False, True]),
        ("deny_on_first_deny", [True, False]),
        ("permit_on_first_permit", [True]),
    ],
)
def test_a_batch_may_end_early(asker: Asker, semantic: str, answers: list[bool]) -> None:
    asked = [asker.may_ask(who) for who in (town.SUPERVISOR, town.OFFICER, town.SUPERVISOR)]
    body = {"options": {"evaluations_semantic": semantic}, "evaluations": asked}
    assert [each["decision"] for each in asker.several(body).json()["evaluations"]] == answers


@pytest.mark.parametrize("semantic", ["execute_all", "deny_on_first_deny", "permit_on_first_permit"])
def test_a_batch_in_which_nothing_ends_it_is_answered_whole(asker: Asker, semantic: str) -> None:
    who = town.OFFICER if semantic == "permit_on_first_permit" else town.SUPERVISOR
    asked = [asker.may_ask(who)] * 3
    body = {"options": {"evaluations_semantic": semantic}, "evaluations": asked}
    answers = asker.several(body).json()["evaluations"]
    assert [each["decision"] for each in answers] == [who is town.SUPERVISOR] * 3


def test_what_was_not_executed_is_no_entry(small_asker: Asker) -> None:
    asked = [small_asker.may_ask(who) for who in (town.OFFICER, town.SUPERVISOR)]
    body = {"options": {"evaluations_semantic": "deny_on_first_deny"}, "evaluations": asked}
    assert len(small_asker.several(body).json()["evaluations"]) == 1
    assert len(entries(small_asker.house.installation, Event.DECISION_EVALUATED)) == 1


def test_options_we_do_not_know_are_passed_over(asker: Asker) -> None:
    options = {"evaluations_semantic": "deny_on_first_deny", "trace": True}
    body = {"options": options, "evaluations": [asker.may_ask(town.OFFICER), asker.may_ask(town.OFFICER)]}
    assert len(asker.several(body).json()["evaluations"]) == 1


def test_a_batch_has_no_decision_of_its_own(asker: Asker) -> None:
    whole = asker.may_ask(town.SUPERVISOR)
    assert asker.several(whole | {"evaluations": [{}, {}]}).json().keys() == {"evaluations"}


@pytest.mark.parametrize("wrong", [{"evaluations": {}}, {"evaluations": ["x"]}, {"options": "all"}])
def test_a_batch_of_another_type_is_a_400(asker: Asker, wrong: Json) -> None:
    problem(asker.several(asker.may_ask(town.SUPERVISOR) | wrong), 400, "invalid-input")


def test_a_batch_has_an_end(asker: Asker) -> None:
    assert asker.several(asker.may_ask(town.SUPERVISOR) | {"evaluations": [{}] * 101}).status_code == 400
    assert asker.several({"options": {"evaluations_semantic": "any"}, "evaluations": [{}]}).status_code == 400


# Discovery


def test_metadata_says_where_to_ask(small_house: House) -> None:
    known = f"{small_house.url}/.well-known/authzen-configuration"
    problem(requests.get(known, timeout=10), 404, "not-found")
    address = "https://bodycams.voorbeeldstad.example"
    settings = small_house.installation.settings.model_copy(update={"vault_url": address})
    with listening(make_app(small_house.installation.vault, settings), free_port()) as url:
        told = requests.get(f"{url}/.well-known/authzen-configuration", timeout=10)
        assert (told.status_code, told.headers["Content-Type"]) == (200, "application/json")
        assert told.json() == {
            "policy_decision_point": address,
            "access_evaluation_endpoint": f"{address}/access/v1/evaluation",
            "access_evaluations_endpoint": f"{address}/access/v1/evaluations",
        }
        problem(requests.get(f"{url}/.well-known/authzen-configuration/x", timeout=10), 401, "token-refused")


# Every kind of thing


def test_requests_grants_and_the_trail(asker: Asker) -> None:
    waiting = asker.house.ask().json()["id"]
    grant = asker.house.grant()

    def may(who: town.Resident, action: str, kind: str, id_: str, **context: str) -> bool:
        subject, resource = asker.subject_of(who), {"type": kind, "id": id_}
        question = {"subject": subject, "action": {"name": action}, "resource": resource, "context": context}
        return asker.decided(question)

    assert may(town.PRIVACY_OFFICER, "decide", "request", waiting)
    assert not may(town.SUPERVISOR, "decide", "request", waiting)
    assert may(town.SUPERVISOR, "read-request", "request", waiting)
    assert may(town.SUPERVISOR, "watch", "grant", grant)
    assert not may(town.PRIVACY_OFFICER, "watch", "grant", grant)
    assert not may(town.SUPERVISOR, "watch", "recording", asker.recording["id"], **WISH)
    assert may(town.PRIVACY_OFFICER, "revoke", "grant", grant)
    assert may(town.PRIVACY_OFFICER, "read-audit", "trail", town.SLUG, purpose="toezicht-inzagelog")
    assert not may(town.PRIVACY_OFFICER, "read-audit", "trail", town.SLUG, purpose="functioneringsgesprek")
    assert may(town.OFFICER, "find", "recording", asker.recording["id"], **WISH)


@pytest.mark.parametrize(
    "changed",
    [
        {"subject": {"type": "person", "id": str(new_id())}},
        {"subject": {"type": "person", "id": "s.devries"}},
        {"subject": {"type": "team", "id": str(new_id())}},
        {"action": {"name": "read"}},
        {"action": {"name": "evaluate"}},
        {"action": {"name": "decide"}},
        {"resource": {"type": "recording", "id": str(new_id())}},
        {"resource": {"type": "recording", "id": "record-1"}},
        {"resource": {"type": "grant", "id": str(new_id())}, "action": {"name": "watch"}},
        {"resource": {"type": "request", "id": str(new_id())}, "action": {"name": "decide"}},
        {"resource": {"type": "trail", "id": "nergens"}, "action": {"name": "read-audit"}},
        {"resource": {"type": "camera", "id": "VB-0042"}},
    ],
)
def test_where_there_is_nothing_to_decide_on_the_answer_is_no(asker: Asker, changed: Json) -> None:
    answer = asker.one(asker.may_ask(town.SUPERVISOR, **changed))
    assert answer.status_code == 200
    assert answer.json()["decision"] is False
    assert [reason["id"] for reason in answer.json()["context"]["reasons"]] == ["nothing-to-decide-on"]


# Guarded and logged


def test_nobody_asks_without_a_token(asker: Asker) -> None:
    for where in ("evaluation", "evaluations"):
        answer = requests.post(
            f"{asker.house.url}/access/v1/{where}", json=asker.may_ask(town.OFFICER), timeout=10
        )
        problem(answer, 401, "token-refused")


def test_who_is_no_software_asks_about_themselves_only(asker: Asker) -> None:
    supervisor = Asker(asker.house, town.SUPERVISOR.subject)
    assert supervisor.decided(supervisor.may_ask(town.SUPERVISOR))
    assert ids(problem(supervisor.one(supervisor.may_ask(town.OFFICER)), 403, "denied")) == [
        "no-rule-permits"
    ]
    both = [supervisor.may_ask(town.SUPERVISOR), supervisor.may_ask(town.OFFICER)]
    problem(supervisor.several({"evaluations": both}), 403, "denied")


def test_software_is_shown_no_footage(asker: Asker) -> None:
    grant = asker.house.grant()
    found = problem(asker.house.watch(grant, "0-9", who=SOFTWARE), 403, "denied")
    assert "not-the-holder" in ids(found)
    asked = asker.house.ask(SOFTWARE)
    assert ids(problem(asked, 403, "denied"))


def test_every_answer_is_an_entry(small_asker: Asker) -> None:
    house = small_asker.house
    permitted = small_asker.may_ask(town.SUPERVISOR)
    unknown = small_asker.may_ask(town.SUPERVISOR, resource={"type": "recording", "id": str(new_id())})
    small_asker.several({"evaluations": [permitted, small_asker.may_ask(town.OFFICER), unknown]})
    Asker(house, town.SUPERVISOR.subject).one(small_asker.may_ask(town.OFFICER))
    told = entries(house.installation, Event.DECISION_EVALUATED)
    leaves = [json.loads(entry.leaf) for entry in told]
    assert [leaf["dec"] for leaf in leaves] == ["allow", "deny", "deny", "deny"]
    assert leaves[0]["why"] == ["supervisor-asks-for-own-team"]
    assert {leaf["op"] for leaf in leaves} == {"consult"}
    payload = payload_of(house.installation, told[0])
    assert payload["actor"]["name"] == "Zaaksysteem"
    assert payload["details"]["subject"] == permitted["subject"]["id"]
    assert payload["details"]["action"] == "ask"
    assert payload["details"]["about"] == {"kind": "recording", "id": str(house.recording)}
    assert payload_of(house.installation, told[3])["actor"]["name"] == town.SUPERVISOR.name


# The published schemas


def schema(name: str) -> Json:
    path = SCHEMAS / f"{name}.schema.json"
    if not path.exists():
        pytest.skip(f"{LEFT_OUT}the AuthZEN schemas are missing ({path.name})")
    found: Json = json.loads(path.read_text())
    return found


def test_questions_and_answers_fit_the_published_schemas(asker: Asker) -> None:
    for who in (town.SUPERVISOR, town.OFFICER):
        question = asker.may_ask(who)
        jsonschema.validate(question, schema("evaluation-request"))
        jsonschema.validate(asker.one(question).json(), schema("evaluation-response"))
    jsonschema.validate(
        asker.one(asker.may_ask(town.SUPERVISOR, action={"name": "x"})).json(), schema("evaluation-response")
    )
    whole = asker.may_ask(town.SUPERVISOR)
    for answer in asker.several(whole | {"evaluations": [{}, {"resource": {}}]}).json()["evaluations"]:
        jsonschema.validate(answer, schema("evaluation-response"))
