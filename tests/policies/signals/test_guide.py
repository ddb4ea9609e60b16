"""docs/signals.md names everything that a signal can say, and what it shows can be read."""

import re
from typing import get_args

import pytest

from policies.signals.happening import WATCHED, Trait
from policies.signals.patterns import KINDS, Step
from policies.signals.reading import Signal, read_signals
from tests.policies.signals.scene import SHARED
from tests.policies.world import FOLDER, texts

GUIDE = (FOLDER.parents[1] / "docs" / "signals.md").read_text(encoding="utf-8")
CODE = " ".join(re.findall(r"```.*?```|`[^`]+`", GUIDE, re.DOTALL))


def lacking(*names: str) -> list[str]:
    return [name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", CODE)]


def test_every_signal_event_and_trait() -> None:
    assert lacking(*SHARED, *WATCHED, *Trait) == []


def test_every_member_of_a_signal() -> None:
    assert lacking(*(set(Signal.model_fields) - {"id"}), *Step.model_fields) == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_pattern_with_its_members_and_figures(kind: type) -> None:
    fields = kind.model_fields  # type: ignore[attr-defined]  # each of them is a table
    [name] = get_args(fields["kind"].annotation)
    assert lacking(name, *(set(fields) - {"kind"})) == []
    [row] = [line for line in GUIDE.splitlines() if line.startswith(f"| `{name}` | ")]
    assert set(re.findall(r"`\{(\w+)\}`", row)) == kind.figures  # type: ignore[attr-defined]


def test_what_it_shows_can_be_read() -> None:
    shown = re.findall(r"```\n(.*?)```", GUIDE, re.DOTALL)[0]
    problems: list[object] = []
    both = {"shared/signals.toml": texts("shared")["signals.toml"], "dorp/signals.toml": shown}
    found = read_signals(both, "dorp", problems)  # type: ignore[arg-type]  # it only adds to it
    assert problems == []
    assert set(found) == {*SHARED, "search-at-night"} - {"approved-within-seconds"}
