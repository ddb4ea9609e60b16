"""``bodycam-vault policy test``: the cases beside the rules, and which rule decides each."""

import typer

from console.policy.folders import Folder, MunicipalitiesArgument, RuleSetsOption, folders, words
from policies.cases import FILE, Answer, Outcome, parse_cases, silent_rules, try_cases
from policies.engine import RuleSet
from policies.glossary import NO, YES, Glossary, word_for


def run(
    municipality: MunicipalitiesArgument = None,
    rule_sets: RuleSetsOption = None,
    quiet: bool = typer.Option(False, "--quiet", help="Tell only what is wrong."),
) -> None:
    """Try the cases of rule sets; exits with 1 when one differs, or when a rule decides none of them."""
    wrong = sum(tell(folder, quiet=quiet) for folder in folders(rule_sets, municipality))
    raise typer.Exit(1 if wrong else 0)


def tell(folder: Folder, *, quiet: bool) -> int:
    """Try one municipality's cases and say how they go; how many things are wrong."""
    rule_set = folder.rule_set()
    text = folder.table(FILE)
    if text is None:
        typer.echo(f"{rule_set.terms.name}: er is geen {FILE}")
        return 1
    cases = parse_cases(text, words(), rule_set, f"{folder.municipality}/{FILE}")
    outcomes = try_cases(rule_set, cases)
    for outcome in outcomes:
        if not (quiet and outcome.agrees):
            typer.echo("\n".join(_told(outcome, rule_set, words())))
    silent = silent_rules(rule_set, outcomes)
    for id_ in silent:
        rule = rule_set.rules[id_]
        typer.echo(f"  FOUT  geen geval voor de regel {id_}: {rule.title_nl}")
    differing = sum(not outcome.agrees for outcome in outcomes)
    typer.echo(
        f"{rule_set.terms.name}: {len(outcomes)} gevallen, {differing} anders dan verwacht, "
        f"{len(silent)} regels zonder geval"
    )
    return differing + len(silent)


def _told(outcome: Outcome, rule_set: RuleSet, known: Glossary) -> list[str]:
    """A case in a few lines: what it is, the answer, and the rules that decide, each with its basis."""
    verdict = word_for(known.answers, YES if outcome.answer.permitted else NO)
    lines = [f"  {'ok  ' if outcome.agrees else 'FOUT'}  {verdict:<3}  {outcome.case.title}"]
    for rule in outcome.decision.reasons:
        lines.append(f"{'':13}{rule.title_nl} [{rule.id}; {rule.basis}]")
        lines += [f"{'':13}Wat kan: {rule.remedy_nl}"] if rule.remedy_nl else []
    if outcome.answer.obligations:
        lines.append(f"{'':13}Verplichtingen: {' '.join(sorted(outcome.answer.obligations))}")
    if not outcome.agrees:
        lines.append(f"{'':13}{outcome.case.place}")
        lines.append(f"{'':13}verwacht   {_short(outcome.case.expected, known)}")
        lines.append(f"{'':13}de regels  {_short(outcome.answer, known)}")
        lines += [f"{'':13}{error}" for error in outcome.decision.errors]
    unknown = [id_ for id_ in outcome.case.expected.rules if id_ not in outcome.answer.rules]
    lines += [
        f"{'':13}beslist niet: {rule_set.rules[id_].title_nl} [{id_}]"
        for id_ in unknown
        if id_ in rule_set.rules
    ]
    return lines


def _short(answer: Answer, known: Glossary) -> str:
    verdict = word_for(known.answers, YES if answer.permitted else NO)
    return "  ".join([verdict, " ".join(answer.rules), *sorted(answer.obligations)])
