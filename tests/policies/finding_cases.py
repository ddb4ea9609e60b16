"""Cases of the shared rules about finding: own work, and searches."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from policies.facts import Situation
from tests.policies.world import MOMENT, NOW, Case, World

_APPRAISAL = "no: works-council purpose-not-offered"


def everywhere(w: World) -> list[Case]:
    """Those that hold in each municipality, whatever its own rules say."""
    return [*finding(w), *searching(w)]


def finding(w: World) -> list[Case]:
    own, within = "yes: own-work-found", "yes: found-within-search"
    roles = ("supervisor", "decider", "privacy-officer", "complaint-handler", "integrity-investigator")
    kept = w.recording
    search = w.search()
    return [
        *((f"{role} finds within a search", w.find(role, w.search(role)), within) for role in roles),
        *((f"{role} finds without one", w.find(role), "no: needs-search") for role in roles),
        ("maker finds", w.find("maker"), own),
        ("depicted finds", w.find("partner"), own),
        ("maker finds with a search", w.find("maker", w.search("maker")), own),
        ("officer finds of others", w.find("stranger"), "no: needs-search"),
        ("officer searches", w.find("stranger", w.search("stranger")), "no: no-rule-permits"),
        ("maker is no officer", w.find(w.person("maker", "decider")), "no: no-rule-permits"),
        ("depicted is no officer", w.find(w.person("partner", "decider")), "no: no-rule-permits"),
        *(
            (f"{role} searches", w.find(role, w.search(role)), "no: no-rule-permits")
            for role in ("functional-administrator", "auditor", "application")
        ),
        ("found for appraisal", w.find("maker", purpose="functioneringsgesprek"), _APPRAISAL),
        ("found for audit", w.find("maker", purpose="audit"), "no: purpose-not-offered"),
        (
            "disposed footage found",
            w.find("supervisor", search, resource=replace(kept, state="disposed")),
            "no: footage-disposed",
        ),
        (
            "arriving footage found",
            w.find("maker", resource=replace(kept, state="arriving")),
            "no: footage-not-kept",
        ),
        ("found after the term", w.find("maker", now=kept.dispose_after), "no: term-is-over"),
        ("found by somebody who left", w.find(w.person("maker", active=False)), "no: person-inactive"),
        (
            "found elsewhere",
            w.find(w.person("maker", municipality="elders")),
            "no: other-municipality",
        ),
    ]


def searching(w: World) -> list[Case]:
    within = "yes: found-within-search"
    at = w.recording.recorded_at
    day = timedelta(hours=24)

    def found(**changes: Any) -> Situation:
        return w.find("supervisor", w.search(**changes))

    return [
        ("search of another", w.find("supervisor", w.search("decider")), "no: search-of-another"),
        ("search for another purpose", found(purpose=w.another), "no: search-for-another-purpose"),
        ("search closes now", found(open_until=NOW), "no: search-closed"),
        ("search from this moment", found(since=at, until=at + day), within),
        ("search from the next moment", found(since=at + MOMENT, until=at + day), "no: outside-search"),
        ("search until this moment", found(since=at - day, until=at), "no: outside-search"),
        ("search until the next moment", found(since=at - day + MOMENT, until=at + MOMENT), within),
        ("search a moment longer than a day", found(until=at + day + MOMENT), "no: search-too-wide"),
        ("search without a case", found(has_case_reference=False), "no: search-needs-case"),
    ]
