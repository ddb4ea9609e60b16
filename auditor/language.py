"""What people read, in the two languages of the product."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """One text in Dutch and in English."""

    nl: str
    en: str

    def in_language(self, language: str) -> str:
        """The text in "en", or else in Dutch."""
        return self.en if language == "en" else self.nl
