"""Words of what people write: how a word or a case number is made the same, however it was typed.

Found is what has the same words, whole: no beginnings, no stems. A blind index cannot tell that one word
looks like another, and that is what keeps it blind.
"""

import re
import unicodedata

SHORTEST = 3
"""Letters of a word that is worth finding."""

_WORD = re.compile(r"[^\W_]+")
# The words of Dutch that stand in every reason, and so tell nothing of it.
_LITTLE = """
    aan als altijd andere ben bij daar dan dat deze die dit doch doen door dus een eens alle alles en er ge
    geen geweest haar had hadden heb hebben heeft hem het hier hij hoe hun iemand iets ik in is ja je kan
    kon kunnen maar me meer men met mij mijn moet na naar niet niets nog nu of om omdat onder ons ook op over
    reeds te tegen toch toen tot uit uw van veel voor want waren was wat we wel werd wezen wie wij wil worden
    wordt zal ze zei zelf zich zij zijn zo zonder zou
"""
_STOP_WORDS = frozenset(_LITTLE.split())


# Letters that Unicode does not take for another one with an accent, and people do.
_ALIKE = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "\u0131": "i", "æ": "ae", "œ": "oe"})


def plain(text: str) -> str:
    """`text` in small letters without accents, so that "Café" and "cafe" are one."""
    small = unicodedata.normalize("NFKD", text).casefold()
    # Once more: making letters small can bring accents back.
    letters = (each for each in unicodedata.normalize("NFKD", small) if not unicodedata.combining(each))
    return "".join(letters).translate(_ALIKE)


def words(text: str) -> list[str]:
    """The different words of `text` that it is found by, in order, without Dutch stop words."""
    found = (word for word in _WORD.findall(plain(text)) if len(word) >= SHORTEST)
    return list(dict.fromkeys(word for word in found if word not in _STOP_WORDS))


def reference(text: str) -> str:
    """A case number without what people leave out or type in another way: "VB 2026/0117" is "vb20260117"."""
    return "".join(_WORD.findall(plain(text)))
