"""What operators do: another rule set comes into force, the trail gets another epoch."""

from tests.year.places import Place
from tests.year.world import OPERATOR, OTHER_OPERATOR, World
from vault import rule_changes
from vault.keys import rotate_audit
from vault.rule_records import in_force
from vault.rulesets import own_texts, stored_texts

CHANGING = "voorbeeldstad"
DAYS = 21
"""The term that municipality changes to."""


def change(world: World, place: Place) -> None:
    """A municipality keeps its footage for less: also what is kept already."""
    with world.vault.database.reading() as session:
        current = in_force(session, place.slug)
        texts = own_texts(stored_texts(session, current.digest) or {}, place.slug) if current else {}
    before = f"term_days = {world.terms[place.slug]}"
    other = {name: text.replace(before, f"term_days = {DAYS}") for name, text in texts.items()}
    proposed = rule_changes.propose(
        world.vault, OPERATOR, place.slug, other, reason="Korter kan ook.", now=world.now
    )
    if proposed.change is None:
        raise RuntimeError("the rules let nobody change them")
    rule_changes.activate(world.vault, OTHER_OPERATOR, proposed.change.id, now=world.now)
    for expected in world.expected.values():
        if expected.municipality == place.slug and expected.days == world.terms[place.slug]:
            due = expected.due()
            if due is None or due > world.now:
                expected.days = DAYS
                expected.not_before = world.now
    world.terms[place.slug] = DAYS


def begin_epoch(world: World) -> None:
    """Once a quarter the trail gets another epoch, and every process is started again."""
    rotate_audit(world.home / "keys-vault", world.home / "keys-ingest")
    world.reopen()
