"""What went wrong, as RFC 9457 ``application/problem+json``, in Dutch or English by Accept-Language.

A problem has an id that programs may rely on (the last part of ``type``) and a text that people can act on.
Each door keeps its own list; this is the form they share.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

TYPE_PREFIX = "urn:bodycam-vault:problem:"
LANGUAGES = ("nl", "en")


@dataclass(frozen=True)
class Text:
    """One text in the two languages of the product."""

    nl: str
    en: str

    def in_language(self, language: str) -> str:
        """The text in `language`, "nl" or "en"."""
        return self.en if language == "en" else self.nl


@dataclass(frozen=True)
class Problem:
    """One thing that can go wrong at a door: its id, HTTP status, and what to say and to do about it."""

    id: str
    status: int
    title: Text
    detail: Text


class Refused(Exception):
    """A door turns its caller away: with which problem, and what of this case may be told."""

    def __init__(
        self,
        problem: Problem,
        *,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(problem.id)
        self.problem = problem
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})


def language_of(request: Request) -> str:
    """The language a caller asked for; Dutch when they did not (RFC 9110, 12.5.4)."""
    accepted = parse_accept_header(request.headers.get("accept-language"), LanguageAccept)
    # By primary subtag (RFC 4647, 3.4): who asks for British English before Dutch gets English.
    wanted = (tag.partition("-")[0].lower() for tag, quality in accepted if quality > 0)
    return next((tag for tag in wanted if tag in LANGUAGES), "nl")


def problem_response(request: Request, refused: Refused) -> JSONResponse:
    """The answer that tells of `refused`. Texts inside its extra members follow the language too."""
    language = language_of(request)
    problem = refused.problem
    body: dict[str, Any] = {
        "type": TYPE_PREFIX + problem.id,
        "title": problem.title.in_language(language),
        "status": problem.status,
        "detail": problem.detail.in_language(language),
    }
    body |= {name: in_language(value, language) for name, value in refused.extra.items()}
    headers = {"Content-Language": language, "Cache-Control": "no-store"} | refused.headers
    return JSONResponse(body, problem.status, headers, media_type="application/problem+json")


def in_language(value: Any, language: str) -> Any:
    """`value` with every Text in it turned into the text of one language."""
    match value:
        case Text():
            return value.in_language(language)
        case dict():
            return {name: in_language(item, language) for name, item in value.items()}
        case list() | tuple():
            return [in_language(item, language) for item in value]
    return value
