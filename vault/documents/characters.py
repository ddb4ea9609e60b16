"""Which characters a document can show; the rest is told by number, so that no text can stop a document.

The fonts that come along have Latin, Greek and Cyrillic. A text of an audit entry may hold anything: what
they lack would make the whole document fail, and what turns the direction of reading would let a text say
on paper what it does not say.
"""

import re
import unicodedata

# Latin with all its accents, Greek, Cyrillic, punctuation, currencies, arrows and signs of arithmetic.
_SHOWN = re.compile(
    r"[\n\u0020-\u007e\u00a0-\u00ac\u00ae-\u024f\u0384-\u04ff\u1e00-\u1eff\u2010-\u2027\u2030-\u2040\u20a0-\u20bf"
    r"\u2190-\u22ff]"
)
_LINE_ENDS = re.compile(r"\r\n?|[\u2028\u2029]")


def shown(text: str) -> str:
    """`text` as a document can show it: composed, and with a number for what cannot be shown."""
    composed = _LINE_ENDS.sub("\n", unicodedata.normalize("NFC", text)).replace("\t", " ")
    return "".join(each if _can_be(each) else f"[U+{ord(each):04X}]" for each in composed)


def _can_be(character: str) -> bool:
    if not _SHOWN.match(character):
        return False
    return character == "\n" or unicodedata.category(character)[0] not in "CM"
