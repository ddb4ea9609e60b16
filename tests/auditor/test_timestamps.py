"""A checkpoint is timestamped by an authority that openssl plays, and openssl verifies what is kept of it."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from auditor import cli, tiles, timestamps
from auditor.notes import NoteBroken
from auditor.reading import Unreadable, Web
from auditor.timestamps import TimestampRefused, timestamp, verify
from tests.auditor.conftest import Exported
from tests.logs import Log
from tests.servers.tsa import Authority, tsa


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with tsa(tmp_path_factory.mktemp("tsa")) as started:
        yield started


def stamped(exported: Exported, authority: Authority) -> tuple[Path, datetime]:
    return timestamp(exported.folder, exported.log.key, Web(authority.address), authority.root.read_bytes())


def openssl_accepts(note: Path, token: Path, authority: Authority) -> bool:
    command = ["openssl", "ts", "-verify", "-data", str(note), "-in", str(token)]
    run = subprocess.run([*command, "-CAfile", str(authority.root)], capture_output=True, check=False)
    return run.returncode == 0


def test_openssl_verifies_what_is_kept(exported: Exported, authority: Authority) -> None:
    token, moment = stamped(exported, authority)
    assert timedelta(minutes=-1) < datetime.now(UTC) - moment < timedelta(minutes=1)
    note = token.with_suffix(".checkpoint")
    assert note.read_bytes() == (exported.folder / tiles.CHECKPOINT).read_bytes()
    assert openssl_accepts(note, token, authority)
    note.write_bytes(note.read_bytes().replace(b"800", b"801"))
    assert not openssl_accepts(note, token, authority)


def test_once_is_enough(exported: Exported, authority: Authority) -> None:
    first = stamped(exported, authority)
    asked = authority.asked
    assert stamped(exported, authority) == first
    assert authority.asked == asked
    first[0].write_bytes(first[0].read_bytes()[:-1] + b"\0")
    with pytest.raises(TimestampRefused):
        stamped(exported, authority)


def test_another_checkpoint_is_another_timestamp(exported: Exported, authority: Authority) -> None:
    stamped(exported, authority)
    exported.log.write(exported.folder, 801)
    stamped(exported, authority)
    assert len(list((exported.folder / timestamps.FOLDER).glob("*.tsr"))) == 2


def test_what_does_not_hold_is_not_kept(exported: Exported, authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with tsa(tmp_path / "other") as other, pytest.raises(TimestampRefused):
        stamped(exported, Authority(other.address, authority.root))
    with pytest.raises(TimestampRefused):
        stamped(exported, Authority(authority.address, exported.folder / tiles.CHECKPOINT))
    assert not (exported.folder / timestamps.FOLDER).exists()


def test_an_answer_to_an_earlier_question_is_refused(exported: Exported, authority: Authority) -> None:
    token, _ = stamped(exported, authority)
    earlier = token.read_bytes()
    token.unlink()

    class Replaying(Web):
        def post(self, path: str, body: bytes, most: int, *, kind: str = "") -> bytes:
            assert (path, bool(body), most > len(earlier), kind) == ("", True, True, timestamps.QUERY)
            return earlier

    with pytest.raises(TimestampRefused):
        timestamp(
            exported.folder, exported.log.key, Replaying(authority.address), authority.root.read_bytes()
        )
    assert not token.exists()


def test_a_token_is_of_one_note(exported: Exported, authority: Authority) -> None:
    token, _ = stamped(exported, authority)
    with pytest.raises(TimestampRefused):
        verify(b"another", token.read_bytes(), authority.root.read_bytes())
    with pytest.raises(TimestampRefused):
        verify(b"another", b"no token", authority.root.read_bytes())


def test_only_a_checkpoint_of_the_log_is_timestamped(
    exported: Exported, authority: Authority, tmp_path: Path
) -> None:
    with pytest.raises(NoteBroken):
        stamped(Exported(Log(), exported.folder, 800), authority)
    with pytest.raises(Unreadable, match="no checkpoint"):
        stamped(Exported(exported.log, tmp_path / "nothing", 0), authority)


def test_the_command_says_when_and_where(exported: Exported, authority: Authority) -> None:
    arguments = [exported.folder, "--key", exported.log.key, "--authority", authority.address]
    arguments += ["--roots", authority.root]
    ran = CliRunner().invoke(cli.app, ["timestamp", *map(str, arguments)])
    assert ran.exit_code == 0
    assert " UTC  " in ran.stdout
    assert ".tsr" in ran.stdout
