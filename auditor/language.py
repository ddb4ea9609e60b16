"""What people read, in the two languages of the product."""

import enum
from dataclasses import dataclass


class Language(enum.StrEnum):
    """Dutch or English, by their codes of ISO 639."""

    DUTCH = "nl"
    ENGLISH = "en"


@dataclass(frozen=True)
class Text:
    """One text in Dutch and in English."""

    nl: str
    en: str

    def in_language(self, language: Language) -> str:
        """The text in `language`."""
        return self.en if language is Language.ENGLISH else self.nl
