"""Each obligation from the rule that lays it down to the door that carries it out, or shows nothing."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

import policies
from console.demo import town
from policies.rules import Obligation
from policies.words import OBLIGATIONS
from tests.installation import embedded
from tests.provider import HandMade
from tests.watching import CASE, PURPOSE, House, entries, open_house, payload_of, problem
from vault.audit import Event
from vault.viewing import CARRIED_OUT

PUBLISHED = Path(policies.__file__).parent / "rulesets"
LAID_DOWN = '@obligations("decider, no-copy")'
"""By the rule under which a supervisor asks."""


@contextmanager
def house_where(obligations: str, home: Path, provider: HandMade) -> Iterator[House]:
    """A house in a town whose rule for the supervisor lays down these obligations."""
    folder = shutil.copytree(PUBLISHED / town.SLUG, home / "rules" / town.SLUG)
    rules = (folder / "rules.cedar").read_text("utf-8")
    assert LAID_DOWN in rules
    (folder / "rules.cedar").write_text(
        rules.replace(LAID_DOWN, f'@obligations("{obligations}")', 1), "utf-8"
    )
    made = embedded(home, oidc_issuer=provider.issuer, rule_sets=folder.parent)
    with open_house(made, provider) as opened:
        yield opened
    made.vault.database.close()
    made.intake.database.close()


@pytest.mark.parametrize("obligation", sorted(set(Obligation) - CARRIED_OUT))
def test_what_no_door_carries_out_shows_nothing(
    tmp_path: Path, provider: HandMade, obligation: Obligation
) -> None:
    with house_where(f"decider, {obligation.value}", tmp_path, provider) as house:
        asked = house.ask().json()
        assert obligation.value in asked["obligations"]
        grant = house.decide(asked["id"]).json()["grantId"]
        kept = house.desk(town.SUPERVISOR).get(f"/grants/{grant}").json()
        assert kept["obligations"] == sorted({"decider", obligation.value})
        for language, words in (("nl", OBLIGATIONS[obligation].nl), ("en", OBLIGATIONS[obligation].en)):
            desk = house.desk(town.SUPERVISOR, language)
            refused = problem(
                desk.get(f"/grants/{grant}/footage", Range="bytes=0-9"), 403, "obligation-unmet"
            )
            assert words in refused["detail"]
            assert refused["obligations"] == [{"id": obligation.value, "title": words}]
        assert entries(house.installation, Event.VIEWING_SERVED) == []
        denied = entries(house.installation, Event.VIEWING_DENIED)
        assert [payload_of(house.installation, each)["details"]["unmet"] for each in denied] == [
            [obligation.value]
        ] * 2


def test_everything_that_is_missing_is_named(tmp_path: Path, provider: HandMade) -> None:
    missing = sorted(set(Obligation) - CARRIED_OUT)
    with house_where(", ".join(["decider", "no-copy", *missing]), tmp_path, provider) as house:
        refused = problem(house.watch(house.grant(), "0-9"), 403, "obligation-unmet")
        assert [each["id"] for each in refused["obligations"]] == missing
        assert all(OBLIGATIONS[each].en in refused["detail"] for each in missing)
        assert OBLIGATIONS[Obligation.NO_COPY].en not in refused["detail"]


def test_a_decider_comes_first(tmp_path: Path, provider: HandMade) -> None:
    with house_where("decider", tmp_path, provider) as house:
        asked = house.ask().json()
        assert (asked["state"], asked["obligations"]) == ("waiting", ["decider"])
        assert asked["grantId"] is None
        assert house.watch(house.decide(asked["id"]).json()["grantId"], "0-9").content == house.plain[:10]
    with house_where("no-copy", tmp_path / "other", provider) as house:
        assert house.watch(house.ask().json()["grantId"], "0-9").content == house.plain[:10]


def test_no_copy_is_kept_on_the_way(tmp_path: Path, provider: HandMade) -> None:
    with house_where("no-copy", tmp_path, provider) as house:
        shown = house.watch(house.ask().json()["grantId"])
        assert shown.content == house.plain
        assert "no-store" in shown.headers["Cache-Control"]
        assert "Content-Disposition" not in shown.headers


@pytest.mark.parametrize("obligation", Obligation)
def test_other_software_is_told(tmp_path: Path, provider: HandMade, obligation: Obligation) -> None:
    with house_where(obligation.value, tmp_path, provider) as house:
        question = {
            "subject": {"type": "person", "id": str(house.installation.town.people[town.SUPERVISOR.subject])},
            "action": {"name": "ask"},
            "resource": {"type": "recording", "id": str(house.recording)},
            "context": {"purpose": PURPOSE, "caseReference": CASE},
        }
        token = {"Authorization": f"Bearer {house.provider.token(town.SUPERVISOR.subject)}"}
        told = requests.post(
            f"{house.url}/access/v1/evaluation", json=question, headers=token, timeout=30
        ).json()
        assert told["decision"] is True
        assert told["context"]["obligations"] == [
            {"id": obligation.value, "type": "custom", "properties": {"action": obligation.value}}
        ]
