"""A PKCS#11 token as one process has it: found by its label, logged in to, asked one thing at a time.

The library loads a module without telling it that there are threads, so every call of every token of a module
stands in line. A login counts for the whole process and all its sessions, not for one of them: whoever must
not open what others can is a process of its own, without the PIN.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pkcs11

from vault.keys.errors import TokenAway, TokenRefused

if TYPE_CHECKING:
    from pkcs11 import _pkcs11

Answer = TypeVar("Answer")

_LOST = (
    pkcs11.SessionHandleInvalid,
    pkcs11.SessionClosed,
    pkcs11.DeviceRemoved,
    pkcs11.DeviceError,
    pkcs11.TokenNotPresent,
    pkcs11.UserNotLoggedIn,
)
"""Errors after which another session may do."""
_REMEDIES: dict[type[Exception], str] = {
    pkcs11.PinIncorrect: "does not take BODYCAM_KEYS_PKCS11_PIN: correct it before you try again, for "
    "a token locks after some wrong ones",
    pkcs11.PinLocked: "has locked its PIN after wrong ones: its security officer must set a new one",
    pkcs11.PinExpired: "has a PIN that is over: its security officer must set a new one",
    pkcs11.UserPinNotInitialized: "has no PIN yet: its security officer must set one",
    pkcs11.DeviceMemory: "is full: see docs/operations.md, The token; until then nothing new is kept",
    pkcs11.TokenWriteProtected: "is write-protected: take that away",
    pkcs11.MechanismInvalid: "cannot do what is needed: EC key pairs on P-256, ECDH1-DERIVE, AES-256-GCM",
    pkcs11.FunctionNotSupported: "cannot do what is needed: EC key pairs on P-256, ECDH1-DERIVE, AES-256-GCM",
    pkcs11.SessionCount: "takes no more sessions: end what else uses it",
}
_REMEDIES[pkcs11.PinInvalid] = _REMEDIES[pkcs11.PinLenRange] = _REMEDIES[pkcs11.PinIncorrect]


@dataclass
class _Module:
    library: "_pkcs11.lib"
    turn: threading.RLock = field(default_factory=threading.RLock)
    begun: int = 0
    """How often it was begun anew, which ends every session and makes every handle mean nothing."""


_MODULES: dict[Path, _Module] = {}
_LOADING = threading.Lock()


class TokenSession:
    """A session with the token of one label, opened anew when it was lost."""

    def __init__(self, module: Path, label: str, pin: str | None) -> None:
        """`pin`: None for who may use public keys only. Raises TokenRefused, TokenAway."""
        self._module = _loaded(module)
        self._label = label
        self._pin = pin
        self._session: pkcs11.Session | None = None
        self._begun = -1
        self.handles: dict[bytes, pkcs11.Object] = {}
        """For whoever uses the session, to remember objects in; empty again when they mean nothing."""
        self.use(lambda _session: None)

    @property
    def logged_in(self) -> bool:
        """Whether it has a PIN, and so the use of private and secret keys."""
        return self._pin is not None

    def use(self, act: Callable[[pkcs11.Session], Answer]) -> Answer:
        """What `act` comes to, alone with the session; asked again, once, when the session was lost.

        Raises TokenRefused, TokenAway, and what `act` raises that is no error of a token.
        """
        with self._module.turn:
            try:
                try:
                    return act(self._opened())
                except _LOST:
                    self._session = None
                    return act(self._opened())
            except pkcs11.PKCS11Error as error:
                if isinstance(error, _LOST):
                    self._session = None
                raise self._refusal(error) from error

    def _opened(self) -> pkcs11.Session:
        if self._session is None or self._begun != self._module.begun:
            self.handles.clear()
            self._session = self._open()
            self._begun = self._module.begun
        return self._session

    def _open(self) -> pkcs11.Session:
        token = self._find()
        if self._pin is None:
            # Read only: whoever has no PIN has nothing to write here.
            return token.open()
        if pkcs11.TokenFlag.USER_PIN_LOCKED in token.flags:
            raise pkcs11.PinLocked
        try:
            return token.open(rw=True, user_pin=self._pin)
        except pkcs11.UserAlreadyLoggedIn:
            # By another session of this process; the one that was opened in vain goes with the process.
            return token.open(rw=True)

    def _find(self) -> pkcs11.Token:
        library = self._module.library
        try:
            with suppress(pkcs11.NoSuchToken, pkcs11.TokenNotPresent, *_LOST):
                return library.get_token(token_label=self._label)
            # Some modules look for tokens only when they begin.
            self._module.begun += 1
            library.reinitialize()
            return library.get_token(token_label=self._label)
        except pkcs11.MultipleTokensReturned:
            raise TokenRefused(self._said("is there twice: give each token a label of its own")) from None
        except pkcs11.PKCS11Error as error:
            raise TokenAway(
                self._said(
                    "is not there: check that it is connected, that BODYCAM_KEYS_PKCS11_TOKEN is its "
                    "label, and that the account of this process may reach it"
                )
            ) from error

    def _refusal(self, error: Exception) -> TokenRefused | TokenAway:
        remedy = _REMEDIES.get(type(error))
        if remedy is not None:
            return TokenRefused(self._said(remedy))
        return TokenAway(self._said(f"does not do what is asked of it ({type(error).__name__})"))

    def _said(self, what: str) -> str:
        return f"token {self._label!r} {what}"


def _loaded(path: Path) -> _Module:
    with _LOADING:
        module = _MODULES.get(path)
        if module is None:
            try:
                module = _Module(pkcs11.lib(str(path)))
            except pkcs11.PKCS11Error as error:
                raise TokenRefused(
                    f"{path} is no PKCS#11 module that loads: install what came with your token, and name "
                    f"its library in BODYCAM_KEYS_PKCS11_MODULE ({error})"
                ) from None
            _MODULES[path] = module
        return module
