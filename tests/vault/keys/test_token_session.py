"""A session with a PKCS#11 token: found, logged in to, lost and found again; what is said when it is not."""

import threading
from pathlib import Path

import pkcs11
import pytest

from tests.servers.softhsm import SoftHsm, Token, elsewhere
from vault.keys.errors import TokenAway, TokenRefused
from vault.keys.token_session import TokenSession


@pytest.fixture
def token(softhsm: SoftHsm) -> Token:
    return softhsm.fresh()


@pytest.fixture
def session(token: Token) -> TokenSession:
    return TokenSession(token.module, token.label, token.pin)


def objects_in(session: TokenSession) -> int:
    return session.use(lambda opened: len(list(opened.get_objects())))


def make_key(session: TokenSession) -> None:
    session.use(lambda opened: opened.generate_key(pkcs11.KeyType.AES, 256, store=True))


def test_a_session_is_opened_and_keeps_what_is_made(token: Token, session: TokenSession) -> None:
    assert session.logged_in
    make_key(session)
    assert objects_in(session) == objects_in(TokenSession(token.module, token.label, token.pin)) == 1


def test_a_session_that_was_lost_is_opened_again(token: Token, session: TokenSession) -> None:
    make_key(session)
    session.handles[b"x"] = session.use(lambda opened: next(iter(list(opened.get_objects()))))
    pkcs11.lib(str(token.module)).reinitialize()
    make_key(session)
    assert session.handles == {}
    assert objects_in(session) == 2


def test_a_token_that_came_later_is_found_and_others_go_on(softhsm: SoftHsm, session: TokenSession) -> None:
    make_key(session)
    session.handles[b"x"] = session.use(lambda opened: next(iter(list(opened.get_objects()))))
    later = softhsm.fresh()
    assert objects_in(TokenSession(later.module, later.label, later.pin)) == 0
    assert objects_in(session) == 1
    assert session.handles == {}


def test_one_at_a_time(session: TokenSession) -> None:
    inside, most, turn = 0, 0, threading.Event()

    def act(_: object) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        turn.wait(0.01)
        inside -= 1

    threads = [threading.Thread(target=session.use, args=(act,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_a_module_that_is_none_is_refused(tmp_path: Path, token: Token) -> None:
    for module in (tmp_path / "missing.so", Path(__file__)):
        with pytest.raises(TokenRefused, match="BODYCAM_KEYS_PKCS11_MODULE"):
            TokenSession(module, token.label, token.pin)


def test_a_token_that_is_not_there_is_told(token: Token) -> None:
    with pytest.raises(TokenAway, match="BODYCAM_KEYS_PKCS11_TOKEN"):
        TokenSession(token.module, "no-such-label", token.pin)


def test_two_tokens_of_one_label_are_refused(softhsm: SoftHsm, token: Token) -> None:
    softhsm.run("--init-token", "--free", "--label", token.label, "--pin", "1234", "--so-pin", "1234")
    with pytest.raises(TokenRefused, match="label of its own"):
        TokenSession(token.module, token.label, token.pin)


@pytest.mark.parametrize("pin", ["00000000", "1", ""])
def test_a_wrong_pin_is_refused_and_not_shown(token: Token, pin: str) -> None:
    """In a process of its own: a login counts for the whole process."""
    script = f"""
from pathlib import Path
from vault.keys.errors import TokenRefused
from vault.keys.token_session import TokenSession
try:
    TokenSession(Path({str(token.module)!r}), {token.label!r}, {pin!r})
except TokenRefused as error:
    print(error)
"""
    said = elsewhere(script)
    assert "does not take BODYCAM_KEYS_PKCS11_PIN" in said
    assert pin == "1" or not pin or pin not in said


@pytest.mark.parametrize(
    ("error", "raised", "said"),
    [
        (pkcs11.DeviceMemory(), TokenRefused, "is full"),
        (pkcs11.PinLocked(), TokenRefused, "security officer"),
        (pkcs11.TokenWriteProtected(), TokenRefused, "write-protected"),
        (pkcs11.MechanismInvalid(), TokenRefused, "AES-256-GCM"),
        (pkcs11.SessionCount(), TokenRefused, "no more sessions"),
        (pkcs11.GeneralError(), TokenAway, "GeneralError"),
        (pkcs11.DeviceRemoved(), TokenAway, "DeviceRemoved"),
    ],
)
def test_what_a_token_says_is_told_with_what_to_do(
    token: Token, session: TokenSession, error: Exception, raised: type[Exception], said: str
) -> None:
    def fail(_: object) -> None:
        raise error

    with pytest.raises(raised, match=said) as told:
        session.use(fail)
    assert token.label in str(told.value)
    assert token.pin not in str(told.value)
    assert objects_in(session) == 0


def test_what_is_no_error_of_a_token_is_let_through(session: TokenSession) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        session.use(fail)
