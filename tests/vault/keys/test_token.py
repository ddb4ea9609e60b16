"""Keys in a token: what the token itself refuses, who tampers with it, and crashes while a key is made."""

import json
import os
from datetime import date
from functools import partial
from operator import methodcaller
from typing import Any
from uuid import UUID

import pkcs11
import pytest
from pkcs11 import Attribute, KeyType, MechanismFlag, ObjectClass

from tests.servers.softhsm import SoftHsm, Token, elsewhere
from vault.keys import KeyNotHeld, RingExists, WrappingBroken
from vault.keys import token_objects as objects
from vault.keys import token_operations as operations
from vault.keys.errors import TokenAway, TokenRefused
from vault.keys.footage import WrappedKey
from vault.keys.token import TokenKeys
from vault.keys.token_objects import DayLabel, IntakeLabel
from vault.sealing import DataKey

RECORDING = UUID("01980000-0000-7000-8000-000000000001")
PLACE, DAY = "noordwijk", date(2026, 12, 24)
OF: Any = {"recording": RECORDING, "municipality": PLACE}

ATTEMPTS = """
import json, pkcs11
from pkcs11 import Attribute, KeyType, MechanismFlag, Mechanism, ObjectClass, KDF
session = pkcs11.lib({module!r}).get_token(token_label={label!r}).open(rw={rw})
seen = list(session.get_objects())
public = seen[0]
told = {{"seen": [[each[Attribute.CLASS].name, each[Attribute.LABEL]] for each in seen]}}
agreed = {{"mechanism_param": (KDF.NULL, None, bytes(65))}}
for name, attempt in {{
    "private": lambda: list(session.get_objects({{Attribute.CLASS: ObjectClass.PRIVATE_KEY}})),
    "secret": lambda: list(session.get_objects({{Attribute.CLASS: ObjectClass.SECRET_KEY}})),
    "by-id": lambda: list(session.get_objects({{Attribute.ID: bytes.fromhex({day_key!r})}})),
    "decrypt": lambda: public.decrypt(bytes(60)),
    "derive": lambda: public.derive_key(KeyType.GENERIC_SECRET, 256, **agreed),
    "sign": lambda: public.sign(b"x"),
    "make-secret": lambda: session.generate_key(
        KeyType.AES, 256, store=True, template={{Attribute.PRIVATE: True}}
    ),
    "unpublish": lambda: public.destroy(),
}}.items():
    try:
        told[name] = repr(attempt())
    except Exception as error:
        told[name] = type(error).__name__
print(json.dumps(told))
"""


@pytest.fixture
def token(softhsm: SoftHsm) -> Token:
    return softhsm.fresh()


@pytest.fixture
def keys(token: Token) -> TokenKeys:
    made = TokenKeys(token.module, token.label, token.pin)
    made.add(PLACE)
    return made


def attempts(token: Token, day_key: str, *, rw: bool) -> dict[str, object]:
    """What a process without the PIN gets to see and do, past our own code."""
    told: dict[str, object] = json.loads(
        elsewhere(ATTEMPTS.format(module=str(token.module), label=token.label, rw=rw, day_key=day_key))
    )
    return told


def test_without_the_pin_the_token_refuses_all_but_wrapping(token: Token, keys: TokenKeys) -> None:
    day_key, intake = keys.make_day_key(PLACE, DAY), keys.intake_keys(PLACE)[0]
    told = attempts(token, day_key, rw=False)
    assert told["seen"] == [["PUBLIC_KEY", f"bodycam/{PLACE}/intake/1/{intake}"]]
    assert told["private"] == told["secret"] == told["by-id"] == "[]"
    for name in ("decrypt", "derive", "sign"):
        assert told[name] in ("AttributeError", "KeyHandleInvalid", "KeyTypeInconsistent"), told
    assert told["make-secret"] == told["unpublish"] == "SessionReadOnly"
    keys.check()


def test_without_the_pin_nothing_secret_is_made_even_by_who_writes(token: Token, keys: TokenKeys) -> None:
    told = attempts(token, keys.make_day_key(PLACE, DAY), rw=True)
    assert told["make-secret"] == "UserNotLoggedIn"
    assert told["private"] == told["secret"] == told["by-id"] == "[]"


def test_who_takes_the_published_half_away_hides_nothing_from_the_vault(
    token: Token, keys: TokenKeys
) -> None:
    """Some tokens, this one too, let anybody write what is public."""
    wrapped = keys.wrap(DataKey(bytes(32)), **OF)
    assert attempts(token, "00", rw=True)["unpublish"] == "None"
    assert keys.unwrap(wrapped, **OF) == DataKey(bytes(32))
    with pytest.raises(KeyNotHeld):
        keys.wrap(DataKey(bytes(32)), **OF)
    keys.add(PLACE)
    assert keys.unwrap(keys.wrap(DataKey(bytes(32)), **OF), **OF) == DataKey(bytes(32))


def test_who_publishes_a_key_of_their_own_is_found_and_shut_out(token: Token, keys: TokenKeys) -> None:
    keys.check()
    planted = IntakeLabel(PLACE, 7, "ab" * 8)
    elsewhere(
        f"""
import pkcs11
from pkcs11.util.ec import encode_named_curve_parameters
from pkcs11 import Attribute, KeyType
session = pkcs11.lib({str(token.module)!r}).get_token(token_label={token.label!r}).open(rw=True)
session.create_domain_parameters(
    KeyType.EC, {{Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}}, local=True
).generate_keypair(
    store=True, id=bytes.fromhex({planted.key_id!r}), label={str(planted)!r},
    public_template={{Attribute.PRIVATE: False}}, private_template={{Attribute.PRIVATE: False}},
)
"""
    )
    with pytest.raises(TokenRefused, match=str(planted)):
        keys.check()
    assert keys.intake_keys(PLACE)[0] == planted.key_id
    renewed = keys.rotate_intake(PLACE)
    assert keys.intake_keys(PLACE)[0] == renewed
    assert keys.destroy(planted.key_id)
    keys.check()


def test_a_key_that_was_brought_in_is_refused(keys: TokenKeys) -> None:
    """Whoever brought it in has it."""
    brought = DayLabel(PLACE, DAY, "cd" * 8)
    keys._token.use(
        lambda session: session.create_object(
            {
                Attribute.CLASS: ObjectClass.SECRET_KEY,
                Attribute.KEY_TYPE: KeyType.AES,
                Attribute.VALUE: bytes(32),
                Attribute.ID: bytes.fromhex(brought.key_id),
                Attribute.LABEL: str(brought),
                Attribute.TOKEN: True,
                Attribute.SENSITIVE: True,
                Attribute.EXTRACTABLE: False,
                Attribute.ENCRYPT: True,
                Attribute.DECRYPT: True,
            }
        )
    )
    with pytest.raises(TokenRefused, match=str(brought)):
        keys.check()


def test_no_key_leaves_the_token(keys: TokenKeys) -> None:
    keys.make_day_key(PLACE, DAY)

    def taken(session: pkcs11.Session) -> list[str]:
        told = []
        wrapping: Any = session.generate_key(KeyType.AES, 256, capabilities=MechanismFlag.WRAP)
        for kind in (ObjectClass.PRIVATE_KEY, ObjectClass.SECRET_KEY):
            for _, found in objects.all_of(session, kind):
                for attempt in (
                    partial(found.__getitem__, Attribute.VALUE),
                    partial(wrapping.wrap_key, found),
                ):
                    with pytest.raises(pkcs11.PKCS11Error) as refused:
                        attempt()
                    told.append(type(refused.value).__name__)
        return told

    assert keys._token.use(taken) == ["AttributeSensitive", "KeyUnextractable"] * 2


def test_what_others_keep_in_the_token_is_left_alone(keys: TokenKeys) -> None:
    for label in ("x", "bodycam", f"bodycam/{PLACE}/x/{'0' * 16}", f"bodycam/{PLACE}/2026-02-30/{'0' * 16}"):
        keys._token.use(methodcaller("generate_key", KeyType.AES, 256, label=label, store=True))
    keys.check()
    assert keys.day_keys() == {}
    assert keys.destroy_all(PLACE) == 1
    assert keys._token.use(lambda session: len(list(session.get_objects()))) == 4


def test_a_pair_that_was_not_published_is_not_wrapped_for_and_goes(keys: TokenKeys) -> None:
    """What is left when dying before the last step of a rotation."""
    before = keys.intake_keys(PLACE)[0]
    left = IntakeLabel(PLACE, 2, "ef" * 8)
    keys._token.use(lambda session: objects.make_pair(session, left))
    assert keys.intake_keys(PLACE) == (before, left.key_id)
    assert keys.wrap(DataKey(bytes(32)), **OF).key_id == before
    keys.check()
    renewed = keys.rotate_intake(PLACE)
    assert keys.intake_keys(PLACE) == (renewed, before, left.key_id)
    assert keys.destroy(left.key_id)
    assert keys.intake_keys(PLACE) == (renewed, before)


def test_a_number_that_the_token_gave_to_another_is_not_used(keys: TokenKeys) -> None:
    """A token may number a new object as one that is gone."""
    first, second = keys.make_day_key(PLACE, DAY), keys.make_day_key(PLACE, DAY)
    by_first = keys.wrap_for_day(DataKey(bytes(32)), first, **OF)
    keys.wrap_for_day(DataKey(bytes(32)), second, **OF)
    handles = keys._token.handles
    handles[bytes.fromhex(first)] = handles[bytes.fromhex(second)]
    assert keys.unwrap(by_first, **OF) == DataKey(bytes(32))


def test_every_key_of_a_municipality_goes_and_no_other(keys: TokenKeys) -> None:
    keys.add("den-helder")
    keys.rotate_intake(PLACE)
    days = [keys.make_day_key(place, DAY) for place in (PLACE, PLACE, "den-helder")]
    wrapped = keys.wrap(DataKey(bytes(32)), **OF)
    theirs = keys.wrap(DataKey(bytes(32)), recording=RECORDING, municipality="den-helder")
    assert keys.destroy_all(PLACE) == 4
    assert keys.destroy_all(PLACE) == 0
    assert keys.municipalities() == {"den-helder"}
    assert set(keys.day_keys()) == {days[2]}
    with pytest.raises(KeyNotHeld):
        keys.unwrap(wrapped, **OF)
    assert keys.unwrap(theirs, recording=RECORDING, municipality="den-helder") == DataKey(bytes(32))


def test_a_municipality_is_added_once_and_by_its_name(keys: TokenKeys) -> None:
    with pytest.raises(RingExists):
        keys.add(PLACE)
    for name in ("Noordwijk", "", "a/b", ".."):
        with pytest.raises(ValueError, match="municipality"):
            keys.add(name)


class Ill:
    """A secret key in a token that does nothing any more."""

    def encrypt(self, *_: object, **__: object) -> bytes:
        raise pkcs11.GeneralError

    decrypt = encrypt


def test_a_tag_that_is_wrong_is_told_from_a_token_that_is_ill(keys: TokenKeys) -> None:
    """The token says the same of both."""
    day_key = keys.make_day_key(PLACE, DAY)
    with pytest.raises(WrappingBroken):
        keys.unwrap(WrappedKey(day_key, os.urandom(60)), **OF)
    assert keys.unwrap(keys.wrap_for_day(DataKey(bytes(32)), day_key, **OF), **OF) == DataKey(bytes(32))
    with pytest.raises(TokenAway, match="GeneralError"):
        keys._token.use(lambda _: operations.decrypt(Ill(), bytes(60), b""))
