"""Cases of the shared rules about requests, grants, trail and overviews read, evaluating, changing rules."""

from dataclasses import replace

from policies.facts import Action, RuleBook, Situation, Trail
from tests.policies.world import Case, World, roles, rule_set


def everywhere(w: World) -> list[Case]:
    """Those that hold in each municipality, whatever its own rules say."""
    return [*reading(w), *trail(w), *signals(w), *log(w), *evaluating(w), *rules(w), *retention(w)]


def reading(w: World) -> list[Case]:
    def request(person: str) -> Situation:
        return replace(w.decide(person), action=Action.READ_REQUEST)

    def grant(person: str) -> Situation:
        return replace(w.revoke(person), action=Action.READ_GRANT)

    return [
        ("own request", request("supervisor"), "yes: request-read-by-requester"),
        ("a request, by the decider", request("decider"), "yes: request-read-by-decider"),
        ("a request, by the privacy officer", request("privacy-officer"), "yes: request-read-by-decider"),
        ("somebody's request", request("stranger"), "no: no-rule-permits"),
        ("a request, by the auditor", request("auditor"), "no: no-rule-permits"),
        ("own grant", grant("supervisor"), "yes: grant-read-by-holder"),
        ("a grant, by the decider", grant("decider"), "yes: grant-read-by-decider"),
        ("a grant, by the privacy officer", grant("privacy-officer"), "yes: grant-read-by-decider"),
        ("somebody's grant", grant("stranger"), "no: no-rule-permits"),
        ("a grant, by the auditor", grant("auditor"), "no: no-rule-permits"),
    ]


def trail(w: World) -> list[Case]:
    only = "no: trail-for-oversight-only"
    return [
        ("oversight", w.read_audit("privacy-officer", "toezicht-inzagelog"), "yes: trail-read-for-oversight"),
        ("audit", w.read_audit("auditor", "audit"), "yes: trail-read-for-audit"),
        ("auditor, oversight", w.read_audit("auditor", "toezicht-inzagelog"), "no: no-rule-permits"),
        ("privacy officer, audit", w.read_audit("privacy-officer", "audit"), "no: no-rule-permits"),
        ("supervisor", w.read_audit("supervisor", "toezicht-inzagelog"), "no: no-rule-permits"),
        ("decider", w.read_audit("decider", "audit"), "no: no-rule-permits"),
        ("administrator", w.read_audit("functional-administrator", "audit"), "no: no-rule-permits"),
        *(
            (f"trail read for {purpose}", w.read_audit("privacy-officer", purpose), only)
            for purpose in sorted(rule_set(w.municipality).purposes - _NOT_FOR_FOOTAGE)
        ),
        (
            "appraisal",
            w.read_audit("privacy-officer", "functioneringsgesprek"),
            f"no: works-council {only[4:]}",
        ),
        (
            "another municipality's",
            w.read_audit("auditor", "audit", Trail("elders")),
            "no: other-municipality",
        ),
    ]


def signals(w: World) -> list[Case]:
    only = "no: trail-for-oversight-only"
    oversight, others = "toezicht-inzagelog", ("supervisor", "decider")
    permitted = "yes: signal-settled-for-oversight"
    officer = "privacy-officer"
    return [
        ("signal about others", w.settle_signal(officer, oversight, *others), permitted),
        ("signal about nobody", w.settle_signal(officer, oversight), permitted),
        (
            "signal about oneself",
            w.settle_signal(officer, oversight, "supervisor", officer),
            "no: signal-about-oneself",
        ),
        ("signal, by the auditor", w.settle_signal("auditor", oversight, *others), "no: no-rule-permits"),
        ("signal, for the audit", w.settle_signal("auditor", "audit", *others), "no: no-rule-permits"),
        ("signal, officer for audit", w.settle_signal(officer, "audit", *others), "no: no-rule-permits"),
        ("signal, by the decider", w.settle_signal("decider", oversight), "no: no-rule-permits"),
        ("signal, for the footage's purpose", w.settle_signal(officer, w.purpose, *others), only),
        (
            "signal, appraisal",
            w.settle_signal(officer, "functioneringsgesprek", *others),
            f"no: works-council {only[4:]}",
        ),
        (
            "signal of elsewhere",
            w.settle_signal(officer, oversight, trail=Trail("elders")),
            "no: other-municipality",
        ),
    ]


def log(w: World) -> list[Case]:
    return [
        ("log, by the privacy officer", w.read_log("privacy-officer"), "yes: log-checked-for-oversight"),
        ("log, by the auditor", w.read_log("auditor"), "yes: log-checked-for-oversight"),
        *(
            (f"log, by the {role}", w.read_log(role), "no: log-for-oversight-only")
            for role in ("officer", "supervisor", "decider", "functional-administrator", "application")
        ),
        ("log, elsewhere", w.read_log("auditor", Trail("elders")), "no: other-municipality"),
        ("log, by who left", w.read_log(w.person("auditor", active=False)), "no: person-inactive"),
    ]


def evaluating(w: World) -> list[Case]:
    there = Trail(w.municipality)
    elsewhere = w.person("application", municipality="elders")
    return [
        ("evaluated for an application", w.evaluate("application"), "yes: evaluated-for-application"),
        (
            "evaluated about the trail",
            w.evaluate("application", resource=there),
            "yes: evaluated-for-application",
        ),
        ("evaluated for oneself", w.evaluate("maker"), "yes: evaluated-for-oneself"),
        ("evaluated for another", w.evaluate("supervisor"), "no: no-rule-permits"),
        (
            "evaluated for an application of elsewhere",
            w.evaluate(elsewhere),
            "no: other-municipality evaluated-within-municipality",
        ),
        (
            "evaluated for somebody who left",
            w.evaluate(w.person("maker", active=False)),
            "no: person-inactive",
        ),
    ]


def retention(w: World) -> list[Case]:
    may = {"privacy-officer", "decider", "auditor", "functional-administrator"}
    yes, no = "yes: retention-overseen", "no: retention-for-oversight-only"
    return [
        *(
            (f"retention, by the {role}", w.read_retention(role), yes if role in may else no)
            for role in sorted(roles())
        ),
        ("retention, elsewhere", w.read_retention("auditor", Trail("elders")), "no: other-municipality"),
        (
            "retention, by who left",
            w.read_retention(w.person("auditor", active=False)),
            "no: person-inactive",
        ),
    ]


_NOT_FOR_FOOTAGE = {"toezicht-inzagelog", "audit", "functioneringsgesprek"}
_RULES = {
    Action.PROPOSE_RULES: (
        "rules-proposed-by-administration",
        {"functional-administrator", "privacy-officer"},
    ),
    Action.ACTIVATE_RULES: ("rules-activated-by-decider", {"privacy-officer", "decider"}),
    Action.READ_RULES: (
        "rules-read-by-administration",
        {"functional-administrator", "privacy-officer", "decider", "auditor"},
    ),
    Action.EXAMINE_RULES: ("rules-examined-for-oversight", {"privacy-officer", "decider"}),
}
_ROLES = ("functional-administrator", "privacy-officer", "decider", "auditor", "supervisor", "officer")


def rules(w: World) -> list[Case]:
    by_two = "yes: rules-changed-by-two"
    elsewhere = replace(w.rules(Action.READ_RULES, "auditor"), resource=RuleBook("elders"))
    return [
        *(
            (f"{action} by {role}", w.rules(action, role), by_two if role in may else f"no: {reason}")
            for action, (reason, may) in _RULES.items()
            for role in _ROLES
        ),
        ("rules of another activated", w.rules(Action.ACTIVATE_RULES, "decider", "auditor"), by_two),
        ("own rules activated", w.rules(Action.ACTIVATE_RULES, "decider", "decider"), "no: own-proposal"),
        ("rules of elsewhere read", elsewhere, "no: other-municipality"),
        (
            "rules read by somebody who left",
            w.rules(Action.READ_RULES, w.person("auditor", active=False)),
            "no: person-inactive",
        ),
    ]
