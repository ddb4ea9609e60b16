from pathlib import Path

from tests.console.conftest import Command
from tests.console.policy.conftest import change


def test_those_of_the_software_are_up_to_date(command: Command) -> None:
    said = command("policy", "matrix", "noordwijk", "--check")
    assert (said.code, said.out) == (0, "Noordwijk: 122 regels, 0 veranderd\n")


def test_a_change_shows_before_it_is_written(command: Command, own: Path) -> None:
    matrix = own / "heerde" / "matrix.csv"
    before = matrix.read_text("utf-8")
    change(own / "heerde" / "rules.cedar", "daysAfterRecording > 21", "daysAfterRecording > 22")
    told = command("policy", "matrix", "--check", "--folder", own)
    assert told.code == 1
    assert matrix.read_text("utf-8") == before
    assert "-vragen;inzageverzoek;beheerder;*;0-21;" in told.out
    assert "+vragen;inzageverzoek;beheerder;*;0-22;" in told.out
    assert "Soest: 212 regels, 0 veranderd" in told.out

    written = command("policy", "matrix", "--folder", own)
    assert written.code == 0
    assert ";0-22;" in matrix.read_text("utf-8")
    assert command("policy", "matrix", "--check", "--folder", own).code == 0


def test_the_first_one_is_written_without_ado(command: Command, own: Path) -> None:
    matrix = own / "soest" / "matrix.csv"
    before = matrix.read_text("utf-8")
    matrix.unlink()
    said = command("policy", "matrix", "soest", "--folder", own)
    assert (said.code, said.out) == (0, "Soest: 212 regels, 213 veranderd\n")
    assert matrix.read_text("utf-8") == before
