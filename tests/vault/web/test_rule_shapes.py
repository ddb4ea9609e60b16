"""What goes over the API of rules: closed shapes, camelCase; a folder's files and nothing else."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from vault.web import rule_shapes
from vault.web.rule_shapes import NewProposal
from vault.web.shapes import Shape

SHAPES = [
    value
    for value in vars(rule_shapes).values()
    if isinstance(value, type) and issubclass(value, Shape) and value.__module__ == rule_shapes.__name__
]
GOOD: dict[str, Any] = {
    "municipality": "voorbeeldstad",
    "texts": {"rules.cedar": "", "terms.toml": ""},
    "reason": "The council decided so.",
}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_names_are_camel_case_and_nothing_else_gets_in(shape: type[BaseModel]) -> None:
    assert shape.model_config["extra"] == "forbid"
    for name, field in shape.model_fields.items():
        assert "_" not in (field.alias or name)


@pytest.mark.parametrize(
    "name", ["terms.toml.bak", "a/b.cedar", "..", "schema.cedarschema", "Rules.cedar", ".cedar", "cases.csv"]
)
def test_a_file_has_a_plain_name(name: str) -> None:
    NewProposal.model_validate(GOOD)
    with pytest.raises(ValidationError):
        NewProposal.model_validate({**GOOD, "texts": {name: ""}})
