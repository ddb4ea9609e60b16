"""``bodycam-vault signals …``: a week's digest as a person reads it."""

from datetime import UTC, datetime

import pytest

from console import signals
from console.demo import town
from tests.console.conftest import Command
from tests.installation import Installation
from tests.policies.signals.scene import SHARED
from tests.vault.signals.days import approved_at_once, look
from tests.watching import entries, payload_of
from vault.audit import Event
from vault.signals.digests import Count, Digest, Week


def test_the_digest_of_a_week_in_both_languages(small: Installation, command: Command) -> None:
    approved_at_once(small)
    look(small)
    year, number, _ = datetime.now(UTC).isocalendar()
    week = f"{year}-W{number:02}"
    said = command("signals", "digest", town.SLUG, week, settings=small.environment("vault"))
    assert said.code == 0, said.err
    assert f"Signalen van {town.SLUG}, week {week}" in said.out
    assert f"Signals of {town.SLUG}, week {week}" in said.out
    [line] = [line for line in said.out.splitlines() if line.startswith("Approved within seconds")]
    assert line.split()[3:] == ["1", "0", "1", "-"]
    assert town.SUPERVISOR.name not in said.out
    [entry] = entries(small, Event.SIGNALS_DIGESTED)
    assert payload_of(small, entry)["actor"]["kind"] == "operator"


def test_one_language_and_the_last_week(small: Installation, command: Command) -> None:
    settings = small.environment("vault")
    said = command("signals", "digest", town.SLUG, "--language", "nl", settings=settings)
    assert (said.code, "Signals of" in said.out) == (0, False)
    assert f"week {Week.before(datetime.now(UTC))}" in said.out


@pytest.mark.parametrize("arguments", [("voorbeeldstad", "2026-W60"), ("nergens", "2026-W48")])
def test_what_cannot_be_shown_is_said(
    small: Installation, command: Command, arguments: tuple[str, str]
) -> None:
    said = command("signals", "digest", *arguments, settings=small.environment("vault"))
    assert said.code == 2
    assert "Traceback" not in said.err


def test_the_table() -> None:
    count = Count(raised=12, settled=3, open=11, settling_seconds=3 * 3600)
    made = Digest("dorp", Week(2026, 48), None, {"many-viewers": count, "of-before": count}, count, SHARED)
    assert list(signals.lines(made, "nl")) == [
        "Signalen van dorp, week 2026-W48 (23-11-2026 t/m 29-11-2026)",
        "soort                                            nieuw  afgedaan   open   afgedaan na",
        "Veel kijkers bij één opname                         12         3     11   3 uur",
        "of-before                                           12         3     11   3 uur",
        "alles samen                                         12         3     11   3 uur",
        "Geteld zijn signalen, geen mensen. Een signaal is een vraag, en zegt wat het niet betekent.",
    ]
