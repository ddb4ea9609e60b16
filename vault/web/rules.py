"""The API of the rules: proposed by one, examined, activated by another; and decisions explained."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request

from policies.engine import Decision
from policies.problems import RuleSetInvalid
from policies.rules import Rule
from vault import explanations, rule_changes, tables, what_if
from vault.disposal.shifts import Shift
from vault.disposal.timetable import Counts
from vault.explanations import SAID
from vault.replays import Ending, Flip
from vault.rule_records import state_of
from vault.term_changes import Move
from vault.vault import Caller, Vault
from vault.web import problems, shapes
from vault.web import rule_shapes as said
from vault.web.api import deciding_rule
from vault.web.guard import caller_of
from vault.web.problem import Refused, language_of
from vault.web.retention_shapes import DueDay
from vault.what_if import Batch, Examination, ExaminationDenied

By = Annotated[Caller, Depends(caller_of)]
Clock = Callable[[], datetime]


def routes(vault: Vault, clock: Clock) -> APIRouter:
    """Every route about rules, over one vault."""
    router = APIRouter()
    router.include_router(_change_routes(vault, clock))
    router.include_router(_examination_routes(vault, clock))
    router.include_router(_explanation_routes(vault, clock))
    return router


def _change_routes(vault: Vault, clock: Clock) -> APIRouter:
    router = APIRouter(tags=["rules"])

    @router.post("/rule-set-proposals", status_code=201, operation_id="proposeRules")
    def propose(body: said.NewProposal, caller: By) -> said.RuleSetChange:
        """Propose other rules for a municipality; nothing changes until somebody else activates them."""
        try:
            outcome = rule_changes.propose(
                vault, caller, body.municipality, body.texts, reason=body.reason, now=clock()
            )
        except RuleSetInvalid as invalid:
            raise problems.rules_invalid(invalid) from invalid
        return _changed(outcome)

    @router.get("/rule-set-proposals/{proposalId}", operation_id="readRules")
    def read(proposalId: UUID, caller: By) -> said.RuleSetChangeDetail:  # noqa: N803  # camelCase on the wire
        """Read a rule set: proposed, in force, or of before."""
        found = rule_changes.read(vault, caller, proposalId, now=clock())
        if found.change is None:
            raise _denied(found.decision)
        return said.RuleSetChangeDetail(**_members(found.change), texts=dict(found.texts))

    @router.post("/rule-sets/_search", operation_id="listRules")
    def listed(body: said.RuleBookQuestion, caller: By) -> said.RuleBook:
        """The rule sets of a municipality: in force, of before, proposed."""
        found = rule_changes.listed(vault, caller, body.municipality, now=clock())
        if found.decision is not None and not found.decision.permitted:
            raise _denied(found.decision)
        changes = [said.RuleSetChange(**_members(row)) for row in found.changes]
        return said.RuleBook(changes=changes, folder_differs=found.folder_differs)

    @router.post(
        "/rule-set-proposals/{proposalId}/activations", status_code=201, operation_id="activateRules"
    )
    def activate(proposalId: UUID, caller: By) -> said.RuleSetChange:  # noqa: N803  # camelCase on the wire
        """Let somebody else's proposal come into force."""
        return _changed(rule_changes.activate(vault, caller, proposalId, now=clock()))

    @router.post(
        "/rule-set-proposals/{proposalId}/withdrawals", status_code=201, operation_id="withdrawProposal"
    )
    def withdraw(
        proposalId: UUID,  # noqa: N803  # camelCase on the wire
        body: said.NewWithdrawal,
        caller: By,
    ) -> said.RuleSetChange:
        """Take a proposal back."""
        return _changed(rule_changes.withdraw(vault, caller, proposalId, reason=body.reason, now=clock()))

    return router


def _examination_routes(vault: Vault, clock: Clock) -> APIRouter:
    router = APIRouter(tags=["rules"])

    @router.post("/rule-set-proposals/{proposalId}/what-ifs", operation_id="examineRules")
    def examine(
        proposalId: UUID,  # noqa: N803  # camelCase on the wire
        body: said.WhatIfQuestion,
        caller: By,
        http: Request,
    ) -> said.WhatIfPage:
        """See, page by page, what a proposal would change; each page is an entry in the trail."""
        try:
            found = what_if.examine_proposal(vault, caller, proposalId, now=clock())
        except RuleSetInvalid as invalid:
            raise problems.rules_invalid(invalid) from invalid
        if isinstance(found, ExaminationDenied):
            raise _denied(found.decision)
        return _page(found, body, http)

    return router


def _explanation_routes(vault: Vault, clock: Clock) -> APIRouter:
    router = APIRouter(tags=["requests"])

    @router.get("/decisions/{decisionId}/explanation", operation_id="explainDecision")
    def explain(decisionId: UUID, caller: By, http: Request) -> said.Explanation:  # noqa: N803  # as above
        """Explain a decision, and make it again from the facts and rules of then."""
        found = explanations.explain(vault, caller, decisionId, now=clock())
        if isinstance(found, Decision):
            raise _denied(found)
        language = language_of(http)
        return said.Explanation.model_validate(
            {
                "id": found.id,
                "request_id": found.request,
                "outcome": found.outcome,
                "decided_at": found.decided_at,
                "by_person": found.by_person,
                "rule_set": found.rule_set,
                "rules": list(found.rules),
                "reasons": _rules(found.known, http),
                "facts": list(found.in_words(language)),
                "finding": found.finding,
                "finding_text": SAID[found.finding][language == "en"],
                "witnessed": found.witnessed,
                "again": _again(found.again, http),
                "today": _again(found.today, http),
            }
        )

    return router


def _page(found: Examination, asked: said.WhatIfQuestion, http: Request) -> said.WhatIfPage:
    totals, part = found.totals, asked.part
    shown: list[Any]
    batch: Batch[Any]
    more: dict[str, Any] = {}
    match part:
        case "decisions":
            batch, total = found.flips(asked.after), totals.decisions
            shown = [_flip(flip, http) for flip in batch.found]
        case "recordings":
            batch, total = found.moves(asked.after), totals.recordings
            shown = [_move(move) for move in batch.found]
            more = {"shift": _shift(found.shift(batch.found))}
            if asked.after is None:
                more["due"] = _due(found.due())
        case "grants":
            batch, total = found.endings(asked.after), totals.grants
            shown = [_ending(ending, http) for ending in batch.found]
    return said.WhatIfPage.model_validate(
        {
            "rule_set": found.proposed.digest,
            "total": total,
            "looked": batch.looked,
            "unreadable": batch.unreadable,
            part: shown,
            **more,
            "next_after": batch.after,
        }
    )


def _flip(flip: Flip, http: Request) -> said.FlippedDecision:
    return said.FlippedDecision(
        decision_id=flip.decision,
        request_id=flip.request,
        action=flip.action.value,
        purpose=flip.purpose,
        decided_at=flip.decided_at,
        before=flip.before,
        after=flip.after,
        obligations_before=sorted(flip.demanded_before),
        obligations_after=sorted(flip.demanded_after),
        reasons=_rules(flip.rules, http),
    )


def _move(move: Move) -> said.MovedRecording:
    return said.MovedRecording(
        recording_id=move.recording, dispose_after_before=move.before, dispose_after=move.after
    )


def _shift(shift: Shift) -> said.TermShift:
    days = sorted({*shift.leaving, *shift.arriving})
    return said.TermShift(
        earlier=shift.earlier,
        later=shift.later,
        due_at_once=shift.at_once,
        locked_longer=shift.locked,
        days=[
            said.ShiftedDay(day=day, leaving=shift.leaving.get(day, 0), arriving=shift.arriving.get(day, 0))
            for day in days
        ],
    )


def _due(counts: Counts) -> said.DueNow:
    days = [DueDay(day=day, recordings=number) for day, number in sorted(counts.days.items())]
    return said.DueNow(days=days, held=counts.held, overdue=counts.overdue)


def _ending(ending: Ending, http: Request) -> said.EndingGrant:
    return said.EndingGrant(
        grant_id=ending.grant,
        recording_id=ending.recording,
        holder_id=ending.holder,
        purpose=ending.purpose,
        valid_until=ending.valid_until,
        fate=ending.fate,
        until=ending.until,
        reasons=_rules(ending.rules, http),
    )


def _again(decision: Decision | None, http: Request) -> said.AnswerAgain | None:
    if decision is None:
        return None
    return said.AnswerAgain(
        rule_set=decision.rule_set,
        permitted=decision.permitted,
        obligations=sorted(decision.obligations),
        reasons=_rules(decision.reasons, http),
    )


def _rules(rules: Iterable[Rule], http: Request) -> list[shapes.DecidingRule]:
    return [deciding_rule(rule, http) for rule in rules]


def _changed(outcome: rule_changes.Outcome) -> said.RuleSetChange:
    if outcome.change is None:
        raise _denied(outcome.decision)
    return said.RuleSetChange(**_members(outcome.change))


def _denied(decision: Decision | None) -> Refused:
    return problems.denied(decision.reasons if decision else ())


def _members(row: tables.RuleSetChange) -> dict[str, Any]:
    return {
        "id": row.id,
        "municipality": row.municipality,
        "digest": row.digest,
        "state": state_of(row),
        "reason": row.reason,
        "proposed_by": row.proposed_by,
        "proposed_at": row.proposed_at,
        "activated_by": row.activated_by,
        "activated_at": row.activated_at,
        "replaced_at": row.replaced_at,
        "withdrawn_at": row.withdrawn_at,
    }
