"""What a verifier can find wrong with a log, in words for people."""

import enum
from dataclasses import dataclass

from auditor.language import Text


class Kind(enum.Enum):
    """One way in which a log can contradict what it signed."""

    CHECKPOINT = Text(
        "Het controlepunt (checkpoint) is niet geldig ondertekend, of is er geen.",
        "The checkpoint is not validly signed, or is none.",
    )
    ROLLED_BACK = Text(
        "Het log is korter dan een eerder ondertekend controlepunt: er is iets verwijderd of teruggezet.",
        "The log is shorter than a checkpoint it signed before: something was removed or restored.",
    )
    REWRITTEN = Text(
        "Het log begint niet met wat het eerder ondertekende: de geschiedenis is veranderd.",
        "The log does not begin with what it signed before: history was changed.",
    )
    ROOT = Text(
        "De regels leiden niet tot de ondertekende wortel: er is iets veranderd, verwijderd of ingevoegd.",
        "The entries do not lead to the signed root: something was changed, removed or inserted.",
    )
    MISSING = Text(
        "Ontbreekt, terwijl het ondertekende controlepunt het omvat.",
        "Is missing, though the signed checkpoint covers it.",
    )
    BUNDLE = Text("Deze bundel regels is beschadigd.", "This bundle of entries is damaged.")
    ENTRY = Text(
        "Deze regel is niet de regel waarvan het log de hash bewaart.",
        "This entry is not the one of which the log keeps the hash.",
    )
    TILE = Text(
        "Deze tegel met hashes past niet bij de regels daaronder.",
        "This tile of hashes does not fit the entries below it.",
    )
    LEAF = Text("Deze regel heeft niet de beschreven vorm.", "This entry does not have the documented form.")
    REPEATED = Text(
        "Het nummer van deze regel kwam al eerder voor.", "The id of this entry stood in the log before."
    )
    PRUNED = Text(
        "Het log toont minder regels dan het mag: de ondergrens ligt te hoog.",
        "The log shows fewer entries than it may: its minimum index is too high.",
    )


@dataclass(frozen=True)
class Finding:
    """Something wrong, and where: a path in the log, or ``entry 12``."""

    kind: Kind
    where: str
    detail: str = ""
    """In English, for who will look into it; ids and sizes, never what an entry says."""
