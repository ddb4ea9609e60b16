"""A rule set in plain words: what a works council and a citizen want to read, and nothing that is not in it.

No sentence here knows of a municipality, a purpose or a rule: all of that comes from the terms and the rules
themselves. So a rule set that nobody has seen yet is described as well as any other.
"""

from collections.abc import Iterable, Iterator, Mapping

from policies import term_chapters
from policies.engine import RuleSet
from policies.facts import Action
from policies.pages import Block, Heading, Item, Paragraph
from policies.permissions import Offer, Permission, Permissions
from policies.rules import Obligation, Rule
from policies.terms import Title
from policies.words import FACTS, OBLIGATIONS, ROLES, Words

LANGUAGES = ("nl", "en")


def describe(rule_set: RuleSet, language: str) -> list[Block]:
    """Who wears a camera, what is recorded, who may see it for what, how long it is kept, what is never
    allowed, and where that stands: in `language`, "nl" or "en"."""
    return list(_Description(rule_set, language).blocks())


class _Description:
    """One text. A rule is told once, at the first place where it matters; what is left is told at the end."""

    def __init__(self, rule_set: RuleSet, language: str) -> None:
        self._rule_set = rule_set
        self._terms = rule_set.terms
        self._language = language
        self._permissions = Permissions(rule_set)
        self._told: set[Rule] = set()

    def blocks(self) -> Iterator[Block]:
        terms, language = self._terms, self._language
        yield Heading(1, f"Bodycams in {terms.name}")
        yield Paragraph(
            self._say(
                "Deze tekst is gemaakt uit de regels waarmee de software beslist, en zegt niets anders.",
                "This text is made of the rules by which the software decides, and says nothing else.",
            )
        )
        yield Heading(2, self._say("Wie draagt een camera?", "Who wears a camera?"))
        yield Paragraph(self._title(terms.wearing))
        yield Heading(2, self._say("Wat wordt opgenomen?", "What is recorded?"))
        yield from term_chapters.recorded(terms, language)
        yield Heading(2, self._say("Wie mag de beelden zien, en waarvoor?", "Who may see it, and for what?"))
        yield from self._seen()
        yield Heading(2, self._say("Hoe lang worden beelden bewaard?", "For how long is footage kept?"))
        yield from term_chapters.kept(terms, language)
        yield Heading(2, self._say("Wat mag nooit?", "What is never allowed?"))
        yield from self._never()
        yield from self._further()
        yield Heading(2, self._say("Waar dit op berust", "What this rests on"))
        yield from term_chapters.source(terms, language)

    def _seen(self) -> Iterator[Block]:
        yield Paragraph(
            self._say(
                "Beelden ziet men alleen op verzoek, voor een van deze doelen. Wat hier niet staat mag niet.",
                "Footage is seen on request only, for one of these purposes. What is not here is forbidden.",
            )
        )
        for offer in self._permissions.offers:
            yield Heading(3, self._title(self._terms.purposes[offer.purpose]))
            yield from self._offer(offer)
        general = self._permissions.general_conditions
        if general:
            yield Heading(
                3, self._say("Waaraan wordt elk verzoek getoetst?", "What is every request tested against?")
            )
            yield from self._rules(general)
        yield Heading(3, self._say("Wie beslist over een verzoek?", "Who decides on a request?"))
        yield from self._decided()
        yield Heading(3, self._say("Hoe wordt er gekeken?", "How is it watched?"))
        yield from self._watched()

    def _offer(self, offer: Offer) -> Iterator[Block]:
        if not offer.permissions:
            yield Paragraph(
                self._say(
                    "Geen enkele regel staat iemand dit toe.", "There is no rule that permits anybody this."
                )
            )
            return
        for permission in offer.permissions:
            yield from self._rules([permission.rule])
            yield from self._whom(permission)
            yield from self._obligations(permission.rule)
        special = [rule for rule in offer.conditions if rule not in self._permissions.general_conditions]
        if special:
            yield Item(self._say("Een verzoek wordt hieraan getoetst:", "A request is tested against:"))
            yield from (Item(block.text, 1) for block in self._rules(special) if isinstance(block, Item))
        recipients = "; ".join(self._title(self._terms.recipients[name]) for name in offer.recipients)
        if recipients:
            yield Item(
                self._say(f"Beelden mogen gaan naar: {recipients}.", f"Footage may go to: {recipients}.")
            )
        else:
            yield Item(self._say("De beelden gaan naar niemand anders.", "The footage goes to nobody else."))

    def _whom(self, permission: Permission, doing: str = "") -> Iterator[Block]:
        roles = [self._word(ROLES, role) for role in permission.roles]
        everybody = self._say("ieder, ongeacht de rol", "everybody, whatever their role")
        who = doing or self._say("Wie", "Who")
        yield Item(f"{who}: {', '.join(roles) or everybody}.", 1)
        facts = [self._word(FACTS, name) for name in FACTS if name in permission.looks_at]
        if facts:
            yield Item(self._say("Hangt ervan af: ", "Depends on: ") + ", ".join(facts) + ".", 1)

    def _obligations(self, rule: Rule) -> Iterator[Block]:
        if Obligation.DECIDER not in rule.obligations:
            yield Item(
                self._say(
                    "Deze regel vraagt geen goedkeuring van een ander.",
                    "This rule asks for nobody's approval.",
                ),
                1,
            )
        yield from (
            Item(words.in_language(self._language), 1)
            for obligation, words in OBLIGATIONS.items()
            if obligation in rule.obligations
        )

    def _decided(self) -> Iterator[Block]:
        for permission in self._permissions.permissions(Action.DECIDE):
            yield from self._rules([permission.rule])
            yield from self._whom(permission)
            purposes = self._permissions.purposes_of(permission, Action.DECIDE)
            if len(purposes) < len(self._terms.purposes):
                named = "; ".join(self._title(self._terms.purposes[name]) for name in purposes)
                yield Item(self._say(f"Alleen voor: {named}.", f"Only for: {named}."), 1)
        conditions = self._permissions.conditions(Action.DECIDE)
        yield from self._rules(rule for rule in conditions if rule not in self._told)

    def _watched(self) -> Iterator[Block]:
        terms, hours = self._terms, self._terms.longest_grant_hours
        yield Item(
            self._say(
                f"Een toestemming duurt ten hoogste {hours} uur, en nooit langer dan de beelden zelf.",
                f"A grant lasts {hours} hours at most, and never longer than the footage itself.",
            )
        )
        if terms.most_viewers is not None:
            yield Item(
                self._say(
                    f"Ten hoogste {terms.most_viewers} mensen mogen dezelfde beelden zien.",
                    f"At most {terms.most_viewers} people may be granted the same footage.",
                )
            )
        if terms.shares_with:
            others = ", ".join(terms.shares_with)
            yield Item(
                self._say(
                    f"Ook mensen van deze gemeenten kunnen erom vragen: {others}.",
                    f"People of these municipalities may ask too: {others}.",
                )
            )
        yield from self._group({Action.WATCH: Words("", "")})

    def _never(self) -> Iterator[Block]:
        yield Paragraph(
            self._say(
                "Dit houdt alles tegen, ook wat een andere regel toestaat:",
                "This stands in the way of everything, also of what another rule permits:",
            )
        )
        yield from self._rules(self._permissions.never)
        for_trail = {
            purpose
            for permission in self._permissions.permissions(Action.READ_AUDIT)
            for purpose in self._permissions.purposes_of(permission, Action.READ_AUDIT)
        }
        refused = sorted(self._rule_set.purposes - self._terms.purposes.keys() - for_trail)
        if refused:
            named = ", ".join(refused)
            yield Paragraph(
                self._say(
                    f"Beelden worden hier niet gebruikt voor: {named}.",
                    f"Footage is not used here for: {named}.",
                )
            )
            yield from self._rules(
                dict.fromkeys(rule for purpose in refused for rule in self._permissions.refusing(purpose))
            )

    def _further(self) -> Iterator[Block]:
        for title, actions in _FURTHER.items():
            blocks = list(self._group(actions))
            if blocks:
                yield Heading(2, title.in_language(self._language))
                yield from blocks
        rest = [rule for rule in self._rule_set.rules.values() if rule not in self._told]
        if rest:
            yield Heading(2, self._say("Verdere regels", "Further rules"))
            yield from self._rules(rest)

    def _group(self, actions: Mapping[Action, Words]) -> Iterator[Block]:
        """Who may do which of these, and what stands in the way, as far as it was not told yet."""
        by_rule: dict[Rule, dict[Action, Permission]] = {}
        for action in actions:
            for permission in self._permissions.permissions(action):
                by_rule.setdefault(permission.rule, {})[action] = permission
        for rule, found in by_rule.items():
            if rule in self._told:
                continue
            yield from self._rules([rule])
            for action, permission in found.items():
                named = actions[action].in_language(self._language) if len(found) > 1 else ""
                yield from self._whom(permission, named)
        for action in actions:
            yield from self._rules(r for r in self._permissions.conditions(action) if r not in self._told)

    def _rules(self, rules: Iterable[Rule]) -> Iterator[Block]:
        for rule in rules:
            self._told.add(rule)
            yield Item(self._rule(rule))

    def _rule(self, rule: Rule) -> str:
        title = rule.title_en if self._language == "en" else rule.title_nl
        return f"{title} [{rule.id}; {rule.basis}]"

    def _title(self, title: Title) -> str:
        return title.en if self._language == "en" else title.nl

    def _say(self, nl: str, en: str) -> str:
        return en if self._language == "en" else nl

    def _word(self, words: Mapping[str, Words], name: str) -> str:
        """A name in plain words, or as it is where a later schema added it."""
        return words[name].in_language(self._language) if name in words else name


_FURTHER = {
    Words("Wie kan zien dat er een opname is?", "Who can see that there is a recording?"): {
        Action.FIND: Words("Vinden", "Finding"),
    },
    Words("Wie ziet verzoeken en toestemmingen?", "Who sees requests and grants?"): {
        Action.READ_REQUEST: Words("Verzoeken lezen", "Reading requests"),
        Action.READ_GRANT: Words("Toestemmingen lezen", "Reading grants"),
        Action.REVOKE: Words("Toestemmingen intrekken", "Revoking grants"),
    },
    Words(
        "Wie laat beelden langer blijven, of eerder weg gaan?",
        "Who lets footage stay longer, or go earlier?",
    ): {
        Action.PLACE_HOLD: Words("Langer bewaren", "Keeping longer"),
        Action.LIFT_HOLD: Words("Weer vrijgeven", "Releasing again"),
        Action.CHANGE_REGIME: Words("Vaststellen of de Wpg geldt", "Establishing whether the Wpg applies"),
        Action.ASK_ERASURE: Words("Om vernietiging vragen", "Asking for erasure"),
        Action.DECIDE_ERASURE: Words("Over vernietiging beslissen", "Deciding on erasure"),
        Action.READ_RETENTION: Words("Zien wat blijft en gaat", "Seeing what stays and goes"),
    },
    Words("Wie leest het inzagelog?", "Who reads the audit trail?"): {
        Action.READ_AUDIT: Words("Lezen", "Reading"),
        Action.SETTLE_SIGNAL: Words("Signalen afdoen", "Settling signals"),
        Action.READ_LOG: Words("Controleren", "Checking"),
    },
    Words("Wie mag vragen wat de regels toestaan?", "Who may ask what the rules permit?"): {
        Action.EVALUATE: Words("Vragen", "Asking"),
    },
    Words("Wie wijzigt de regels?", "Who changes the rules?"): {
        Action.PROPOSE_RULES: Words("Voorstellen", "Proposing"),
        Action.ACTIVATE_RULES: Words("Laten ingaan", "Activating"),
        Action.READ_RULES: Words("Lezen", "Reading"),
        Action.EXAMINE_RULES: Words("Bekijken wat ze zouden veranderen", "Examining what they would change"),
    },
}
"""What is neither asked, decided nor watched, by its heading."""
