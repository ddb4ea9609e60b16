"""The API's description (OpenAPI), as the NL API Design Rules want it.

FastAPI writes most of it. What it says of errors is not what we send, so that part is replaced: every error
is ``application/problem+json``, invalid input is a 400, and every success carries ``API-Version``.
"""

from typing import Any

from fastapi import FastAPI

VERSION = "1.0.0"
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457. Members beyond these differ per problem.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
        "reasons": {"type": "array", "items": {"$ref": "#/components/schemas/DecidingRule"}},
    },
}
_ERRORS = {
    "400": "The input is not valid.",
    "401": "No valid token.",
    "403": "The rules do not permit it.",
    "404": "Nothing here by that id.",
    "503": "The service cannot do this now.",
}
_VERSION_HEADER = {"description": "Version of this API.", "schema": {"type": "string"}}


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of `app`, made once and kept."""
    if app.openapi_schema:
        return app.openapi_schema
    document = FastAPI.openapi(app)
    document["servers"] = [{"url": "/api/v1"}]
    schemas = document["components"]["schemas"]
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas["Problem"] = _PROBLEM
    document["components"]["securitySchemes"] = {
        "staff": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    document["security"] = [{"staff": []}]
    for path in document["paths"].values():
        for operation in path.values():
            _correct(operation["responses"])
    app.openapi_schema = document
    return document


def _correct(responses: dict[str, Any]) -> None:
    responses.pop("422", None)
    for status, description in _ERRORS.items():
        responses[status] = {
            "description": description,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    for status, response in responses.items():
        if status.startswith(("2", "3")):
            response.setdefault("headers", {})["API-Version"] = _VERSION_HEADER
