"""Labels of objects in a token: read back as they were written, and nothing else taken for one."""

from datetime import date

import pytest

from vault.keys.token_objects import DayLabel, IntakeLabel, Label, new_id, read_label

KEY_ID = "0123456789abcdef"


@pytest.mark.parametrize(
    "label",
    [
        IntakeLabel("noordwijk", 1, KEY_ID),
        IntakeLabel("den-helder", 20, KEY_ID),
        DayLabel("noordwijk", date(2026, 3, 29), KEY_ID),
        DayLabel("den-helder", date(8999, 12, 31), KEY_ID),
    ],
)
def test_a_label_is_read_as_it_was_written(label: Label) -> None:
    assert read_label(str(label)) == label


@pytest.mark.parametrize(
    "text",
    [
        None,
        b"bodycam",
        "",
        "bodycam/noordwijk",
        f"bodycam/noordwijk/intake/{KEY_ID}",
        f"bodycam/noordwijk/intake/x/{KEY_ID}",
        f"bodycam/noordwijk/intake/\u0661/{KEY_ID}",
        f"bodycam/Noordwijk/intake/1/{KEY_ID}",
        f"bodycam/noordwijk/2026-02-29/{KEY_ID}",
        f"bodycam/noordwijk/2026-3-1/{KEY_ID}",
        "bodycam/noordwijk/2026-03-01/short",
        f"bodycam/noordwijk/2026-03-01/{KEY_ID}/more",
        f"bodycam/noordwijk/2026-03-01/{KEY_ID}\n",
        f"other/noordwijk/2026-03-01/{KEY_ID}",
    ],
)
def test_what_is_not_ours_is_not_read(text: object) -> None:
    assert read_label(text) is None


def test_ids_differ() -> None:
    assert len({new_id() for _ in range(100)}) == 100


def test_generations_count_by_their_number() -> None:
    assert max(IntakeLabel("x", 10, "0" * 16), IntakeLabel("x", 9, "f" * 16)).generation == 10
