"""The questions of the Rijksmodel DPIA, out of its published definition: what our own list must hold."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from tests.house.source import ROOT

STANDARD = ROOT / "tests" / "standards" / "dpia"
GROUP = "task_group"


class Question(NamedTuple):
    """One question: in which repeated group it stands, when it is asked, its title with those above it."""

    id: str
    group: str
    asked_when: str
    """`id=value` of another question, or nothing."""
    kind: str
    options: str
    title: str


def published() -> list[Question]:
    """Every question that is answered by itself, in the order of the model."""
    tasks = yaml.safe_load((STANDARD / "dpia.yaml").read_text("utf-8"))["tasks"]
    return [question for task in tasks for question in _below(task, (), "", "")]


def _below(task: dict[str, Any], titles: tuple[str, ...], group: str, when: str) -> Iterator[Question]:
    group = str(task["id"]) if task.get("repeatable") and GROUP in task["type"] else group
    when = _condition(task) or when
    titles = (*titles, " ".join(str(task["task"]).split()))
    if GROUP in task["type"]:
        for each in task.get("tasks", []):
            yield from _below(each, titles, group, when)
    else:
        options = "|".join(_value(each["value"]) for each in task.get("options", []))
        yield Question(str(task["id"]), group, when, task["type"][0], options, " > ".join(titles))


def _condition(task: dict[str, Any]) -> str:
    for each in task.get("dependencies", []):
        if each["type"] == "conditional":
            return f"{each['condition']['id']}={_value(each['condition']['value'])}"
    return ""


def _value(value: object) -> str:
    """As the model's own form writes an answer."""
    return str(value).lower() if isinstance(value, bool) else "null" if value is None else str(value)
