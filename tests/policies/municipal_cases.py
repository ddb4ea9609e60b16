"""Each municipality's own case table: who may ask, for what, and what stands in the way."""

from dataclasses import replace

from policies.facts import Situation
from tests.policies.world import World

Case = tuple[str, Situation, str]
"""What it is about, the situation, and the answer: yes or no, the deciding rules, [the obligations]."""


def noordwijk(w: World) -> list[Case]:
    own, only_own = "officer-asks-for-own-footage [decider no-copy]", "no: maker-or-depicted-only"
    both = w.person("supervisor", "supervisor", "officer")
    return [
        ("maker, incident", w.ask("maker", "incidentafhandeling"), f"yes: {own}"),
        ("maker, criminal complaint", w.ask("maker", "aangifte"), f"yes: {own}"),
        ("depicted, incident", w.ask("partner", "incidentafhandeling"), f"yes: {own}"),
        ("neither, incident", w.ask("stranger", "incidentafhandeling"), only_own),
        ("neither, criminal complaint", w.ask("stranger", "aangifte"), only_own),
        ("supervisor, incident", w.ask("supervisor", "incidentafhandeling"), only_own),
        ("made by a supervisor", w.ask(w.person("maker", "supervisor"), "aangifte"), "no: no-rule-permits"),
        ("officer learns", w.ask("maker", "zelfevaluatie"), "no: purpose-not-offered"),
        ("complaint", w.ask("supervisor", "klacht", complaint_filed=True), "no: purpose-not-offered"),
        ("no case", w.ask("maker", "aangifte", has_case_reference=False), "no: needs-case-reference"),
        *_access_requests(w, "supervisor"),
        *_access_requests(w, "decider"),
        (
            "access request, officer",
            w.ask("maker", "inzageverzoek", subject_depicted=True),
            "no: no-rule-permits",
        ),
        *_demands(w, "supervisor"),
        *_demands(w, "decider"),
        ("demand, officer", w.ask("maker", "opsporing", demand_received=True), "no: no-rule-permits"),
        (
            "officer who supervises, access request",
            w.ask(both, "inzageverzoek", subject_depicted=True),
            "yes: access-request-carried-out [decider no-copy others-unrecognisable]",
        ),
    ]


def _access_requests(w: World, who: str, **facts: bool) -> list[Case]:
    purpose = "inzageverzoek"
    told = "yes: access-request-carried-out [decider no-copy others-unrecognisable]"
    shown = facts | {"subject_depicted": True}
    return [
        (f"access request, {who}", w.ask(who, purpose, **shown), told),
        (f"of somebody else, {who}", w.ask(who, purpose, **facts), "no: subject-must-be-depicted"),
        (
            f"access request without a case, {who}",
            w.ask(who, purpose, has_case_reference=False, **shown),
            "no: needs-case-reference",
        ),
    ]


def _demands(w: World, who: str) -> list[Case]:
    return [
        (
            f"demand, {who}",
            w.ask(who, "opsporing", demand_received=True),
            "yes: demand-carried-out [decider no-copy]",
        ),
        (f"no demand, {who}", w.ask(who, "opsporing"), "no: needs-demand"),
        (
            f"demand without a case, {who}",
            w.ask(who, "opsporing", demand_received=True, has_case_reference=False),
            "no: needs-case-reference",
        ),
    ]


def den_helder(w: World) -> list[Case]:
    own = "yes: officer-asks-for-own-footage [decider no-copy]"
    at_request = "yes: supervisor-asks-at-officers-request [decider no-copy]"
    only = "no: at-officers-request-only"
    filed = {"criminal_complaint_filed": True}
    asked = {"at_officers_request": True}
    interest = {"demonstrable_interest": True}
    return [
        ("maker, incident", w.ask("maker", "incidentafhandeling"), own),
        ("depicted, incident", w.ask("partner", "incidentafhandeling"), own),
        (
            "maker is no officer",
            w.ask(w.person("maker", "decider"), "incidentafhandeling"),
            "no: no-rule-permits",
        ),
        ("maker, criminal complaint", w.ask("maker", "aangifte", **filed), own),
        ("not filed", w.ask("maker", "aangifte"), "no: needs-criminal-complaint"),
        ("neither", w.ask("stranger", "incidentafhandeling"), only),
        (
            "neither, says it was asked",
            w.ask("stranger", "incidentafhandeling", **asked),
            "no: no-rule-permits",
        ),
        ("supervisor, incident", w.ask("supervisor", "incidentafhandeling", **asked), at_request),
        ("supervisor, criminal complaint", w.ask("supervisor", "aangifte", **asked, **filed), at_request),
        ("supervisor unasked", w.ask("supervisor", "incidentafhandeling"), only),
        ("supervisor unasked, criminal complaint", w.ask("supervisor", "aangifte", **filed), only),
        (
            "no case",
            w.ask("maker", "incidentafhandeling", has_case_reference=False),
            "no: needs-case-reference",
        ),
        ("officer learns", w.ask("maker", "zelfevaluatie"), "no: purpose-not-offered"),
        *_access_requests(w, "supervisor", **interest),
        *_access_requests(w, "decider", **interest),
        (
            "no interest",
            w.ask("supervisor", "inzageverzoek", subject_depicted=True),
            "no: needs-demonstrable-interest",
        ),
        (
            "access request, officer",
            w.ask("maker", "inzageverzoek", subject_depicted=True, **interest),
            "no: no-rule-permits",
        ),
        *_demands(w, "supervisor"),
        *_demands(w, "decider"),
        ("demand, officer", w.ask("maker", "opsporing", demand_received=True), "no: no-rule-permits"),
    ]


def voorbeeldstad(w: World) -> list[Case]:
    team = "yes: supervisor-asks-for-own-team [decider no-copy]"
    learns = "yes: officer-learns-from-own-footage [no-copy]"
    elsewhere = w.person("supervisor", teams=frozenset({"haven"}))
    filed, complaint = {"criminal_complaint_filed": True}, {"complaint_filed": True}
    depicted, demand = {"subject_depicted": True}, {"demand_received": True}
    access = "yes: access-request-carried-out [decider no-copy notify on-site-only others-unrecognisable]"
    return [
        ("incident", w.ask("supervisor", "incidentafhandeling"), team),
        ("complaint", w.ask("supervisor", "klacht", **complaint), team),
        ("criminal complaint", w.ask("supervisor", "aangifte", **filed), team),
        ("complaint not filed", w.ask("supervisor", "klacht"), "no: needs-complaint"),
        ("criminal complaint not filed", w.ask("supervisor", "aangifte"), "no: needs-criminal-complaint"),
        ("incident, other team", w.ask(elsewhere, "incidentafhandeling"), "no: own-team-only"),
        ("complaint, other team", w.ask(elsewhere, "klacht", **complaint), "no: own-team-only"),
        ("criminal complaint, other team", w.ask(elsewhere, "aangifte", **filed), "no: own-team-only"),
        (
            "footage without a team",
            replace(w.ask("supervisor", "incidentafhandeling"), resource=replace(w.recording, team=None)),
            "no: own-team-only",
        ),
        ("incident, officer", w.ask("maker", "incidentafhandeling"), "no: no-rule-permits"),
        (
            "incident without a case",
            w.ask("supervisor", "incidentafhandeling", has_case_reference=False),
            "no: needs-case-reference",
        ),
        ("maker learns", w.ask("maker", "zelfevaluatie"), learns),
        ("maker learns, no case needed", w.ask("maker", "zelfevaluatie", has_case_reference=False), learns),
        (
            "maker changed teams",
            w.ask(w.person("maker", teams=frozenset({"haven"})), "zelfevaluatie"),
            learns,
        ),
        ("depicted learns", w.ask("partner", "zelfevaluatie"), learns),
        ("officer, of others", w.ask("stranger", "zelfevaluatie"), "no: maker-or-depicted-only"),
        ("supervisor, of others", w.ask("supervisor", "zelfevaluatie"), "no: maker-or-depicted-only"),
        (
            "maker is no officer",
            w.ask(w.person("maker", "supervisor"), "zelfevaluatie"),
            "no: no-rule-permits",
        ),
        ("access request", w.ask("privacy-officer", "inzageverzoek", **depicted), access),
        (
            "access request of another",
            w.ask("privacy-officer", "inzageverzoek"),
            "no: subject-must-be-depicted",
        ),
        (
            "access request, supervisor",
            w.ask("supervisor", "inzageverzoek", **depicted),
            "no: no-rule-permits",
        ),
        (
            "demand",
            w.ask("privacy-officer", "opsporing", **demand),
            "yes: demand-carried-out [decider watermark]",
        ),
        ("no demand", w.ask("privacy-officer", "opsporing"), "no: needs-demand"),
        ("demand, supervisor", w.ask("supervisor", "opsporing", **demand), "no: no-rule-permits"),
    ]


TABLES = {"noordwijk": noordwijk, "den-helder": den_helder, "voorbeeldstad": voorbeeldstad}
