"""Tokens: what a good one needs, what an attacker tries, and how often the provider is bothered."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jose import jwt

from tests.provider import AUDIENCE, HandMade, handmade, public_jwk, public_pem, signing_key
from vault.web import tokens
from vault.web.tokens import IssuerRefused, Provider, ProviderAway, Subject, TokenRefused

JWKS = "/jwks"
WHO = "s.devries"


@pytest.fixture
def theirs() -> Iterator[HandMade]:
    with handmade() as made:
        yield made


@pytest.fixture
def ours(theirs: HandMade) -> Provider:
    return Provider(theirs.issuer, AUDIENCE)


def bearer(token: str) -> str:
    return f"Bearer {token}"


def raw(header: dict[str, object], claims: dict[str, object], signature: bytes = b"") -> str:
    """A token put together by hand, as an attacker does it."""
    pieces = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(piece).rstrip(b"=").decode() for piece in pieces)


@pytest.mark.parametrize("key", ["first", "ec-1"])
def test_a_good_token_names_its_subject(theirs: HandMade, ours: Provider, key: str) -> None:
    theirs.keys = [public_jwk("first"), public_jwk("ec-1")]
    assert ours.subject_of(bearer(theirs.token(WHO, key=key))) == Subject(theirs.issuer, WHO)


def test_the_scheme_is_read_in_any_case(theirs: HandMade, ours: Provider) -> None:
    assert ours.subject_of(f"bearer {theirs.token(WHO)}").name == WHO


def test_an_audience_may_be_one_of_several(theirs: HandMade, ours: Provider) -> None:
    assert ours.subject_of(bearer(theirs.token(WHO, aud=["another", AUDIENCE]))).name == WHO


NOW = int(time.time())
WRONG_CLAIMS = {
    "expired": {"exp": NOW - 1},
    "not yet": {"nbf": NOW + 86400},
    "issued tomorrow, ended yesterday": {"iat": NOW + 86400, "exp": NOW - 86400},
    "for another service": {"aud": "another"},
    "for nobody": {"aud": None},
    "for an empty list": {"aud": []},
    "of another issuer": {"iss": "https://elsewhere.example"},
    "of our issuer with a slash": {"iss": "http://localhost:9/"},
    "of no issuer": {"iss": None},
    "of nobody": {"sub": None},
    "of a number": {"sub": 7},
    "without an end": {"exp": None},
    "without a beginning": {"iat": None},
    "ends at no number": {"exp": "soon"},
}


@pytest.mark.parametrize("changed", WRONG_CLAIMS.values(), ids=WRONG_CLAIMS)
def test_what_a_token_must_say(theirs: HandMade, ours: Provider, changed: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused):
        ours.subject_of(bearer(theirs.token(WHO, **changed)))


def forgeries(theirs: HandMade) -> dict[str, str]:
    """Tokens that say what a good one says, signed by who is not the provider."""
    claims = theirs.claims(WHO)
    good = theirs.token(WHO)
    head, body, signature = good.split(".")
    other = raw({}, theirs.claims("p.bakker")).split(".")[1]
    # The classic: the public key, which anyone can have, taken for an HMAC's secret.
    secret = base64.urlsafe_b64encode(public_pem("first").encode()).decode()
    hmac_key = {"kty": "oct", "k": secret, "alg": "HS256"}
    return {
        "alg none": raw({"alg": "none", "kid": "first"}, claims),
        "alg None": raw({"alg": "None", "kid": "first"}, claims, b"x"),
        "no alg": raw({"kid": "first"}, claims, b"x"),
        "alg is a list": raw({"alg": ["RS256"], "kid": "first"}, claims, b"x"),
        "hmac with the public key": jwt.encode(claims, hmac_key, "HS256", headers={"kid": "first"}),
        "another RSA hash": jwt.encode(
            claims, signing_key("first", "RS512"), "RS512", headers={"kid": "first"}
        ),
        "another's key under our id": theirs.token(WHO, key="mallory", key_id="first"),
        "an EC key under an RSA id": theirs.token(WHO, key="ec-mallory", key_id="first"),
        "EC said, RSA key": raw({"alg": "ES256", "kid": "first"}, claims, b"\0" * 64),
        "unknown key id": theirs.token(WHO, key_id="nobody-knows"),
        "key id is a path": theirs.token(WHO, key_id="../../../dev/null"),
        "key id is a list": raw({"alg": "RS256", "kid": ["first"]}, claims, b"x"),
        "key id is an object": raw({"alg": "RS256", "kid": {"a": 1}}, claims, b"x"),
        "the key comes along": jwt.encode(
            claims,
            signing_key("mallory", "RS256"),
            "RS256",
            headers={"kid": "mallory", "jwk": public_jwk("mallory")},
        ),
        "the key's address comes along": jwt.encode(
            claims,
            signing_key("mallory", "RS256"),
            "RS256",
            headers={"kid": "mallory", "jku": "http://localhost:1/"},
        ),
        "somebody else's claims": f"{head}.{other}.{signature}",
        "signature cut short": good[:-8],
        "no signature": f"{head}.{body}.",
        "two pieces": f"{head}.{body}",
        "four pieces": f"{good}.{signature}",
        "header is no object": raw([], claims, b"x"),  # type: ignore[arg-type]  # as an attacker may
    }


@pytest.mark.parametrize("name", forgeries(HandMade(1)))
def test_forgeries_are_refused(theirs: HandMade, ours: Provider, name: str) -> None:
    with pytest.raises(TokenRefused):
        ours.subject_of(bearer(forgeries(theirs)[name]))


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer a.b.c", "Bearer ü.é.à"]
)
def test_what_is_no_token_is_refused(ours: Provider, header: str | None) -> None:
    with pytest.raises(TokenRefused):
        ours.subject_of(header)


KNOWN = public_jwk("first")


@settings(max_examples=100, deadline=None)
@given(header=st.text(max_size=200), prefix=st.sampled_from(["", "Bearer ", "Bearer eyJhbGciOiJSUzI1NiJ9."]))
def test_no_header_breaks_the_door(header: str, prefix: str) -> None:
    ours = Provider("http://localhost:1", AUDIENCE)
    ours._keys = {"first": KNOWN}
    ours._ask_again_at = float("inf")
    with pytest.raises(TokenRefused):
        ours.subject_of(prefix + header)


def test_strangers_do_not_make_us_ask_again_and_again(theirs: HandMade, ours: Provider) -> None:
    ours.subject_of(bearer(theirs.token(WHO)))
    for number in range(20):
        with pytest.raises(TokenRefused):
            ours.subject_of(bearer(theirs.token(WHO, key_id=f"made-up-{number}")))
    assert theirs.asked[JWKS] == 1


def test_a_new_key_is_fetched_when_its_time_has_come(theirs: HandMade, ours: Provider) -> None:
    ours.subject_of(bearer(theirs.token(WHO)))
    theirs.keys = [public_jwk("second")]
    fresh = bearer(theirs.token(WHO, key="second"))
    with pytest.raises(TokenRefused):
        ours.subject_of(fresh)
    assert 0 < ours._ask_again_at - time.monotonic() <= tokens.REFETCH_SECONDS
    ours._ask_again_at = time.monotonic()
    assert ours.subject_of(fresh).name == WHO
    # The key that was withdrawn signs nothing any more.
    with pytest.raises(TokenRefused):
        ours.subject_of(bearer(theirs.token("f.visser", key="first")))


def test_a_key_for_something_else_signs_nothing(theirs: HandMade, ours: Provider) -> None:
    theirs.keys = [public_jwk("first"), public_jwk("second", use="enc")]
    with pytest.raises(TokenRefused):
        ours.subject_of(bearer(theirs.token(WHO, key="second")))


def test_a_token_need_not_name_the_only_key(theirs: HandMade, ours: Provider) -> None:
    unnamed = jwt.encode(theirs.claims(WHO), signing_key("first", "RS256"), "RS256")
    assert ours.subject_of(bearer(unnamed)).name == WHO


def test_a_token_must_name_one_key_of_several(theirs: HandMade, ours: Provider) -> None:
    theirs.keys = [public_jwk("first"), public_jwk("second")]
    with pytest.raises(TokenRefused):
        ours.subject_of(bearer(jwt.encode(theirs.claims(WHO), signing_key("first", "RS256"), "RS256")))


def test_a_checked_token_is_remembered_but_not_past_its_end(theirs: HandMade, ours: Provider) -> None:
    token = bearer(theirs.token(WHO, exp=int(time.time()) + 20))
    ours.subject_of(token)
    ours._keys = {"another": public_jwk("second")}
    assert ours.subject_of(token).name == WHO
    [(until, _)] = ours._remembered.values()
    assert until - time.monotonic() <= 20


def test_a_remembered_token_is_checked_again_in_time(
    theirs: HandMade, ours: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "REMEMBER_SECONDS", 0.1)
    token = bearer(theirs.token(WHO))
    ours.subject_of(token)
    ours._keys = {"another": public_jwk("second")}
    time.sleep(0.15)
    with pytest.raises(TokenRefused):
        ours.subject_of(token)


def test_memory_of_tokens_has_an_end(
    theirs: HandMade, ours: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "REMEMBERED", 3)
    for number in range(6):
        ours.subject_of(bearer(theirs.token(f"person-{number}")))
    assert len(ours._remembered) == 3


def test_a_provider_that_is_away_is_not_a_refusal(theirs: HandMade, ours: Provider) -> None:
    theirs.down = True
    with pytest.raises(ProviderAway):
        ours.subject_of(bearer(theirs.token(WHO)))


def test_nothing_listens_there() -> None:
    ours = Provider("http://localhost:1", AUDIENCE)
    with pytest.raises(ProviderAway):
        ours.subject_of(bearer(HandMade(1).token(WHO)))


def test_known_keys_outlast_the_provider(
    theirs: HandMade, ours: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "REFETCH_SECONDS", 0.0)
    ours.subject_of(bearer(theirs.token(WHO)))
    theirs.down = True
    for number in range(10):
        with pytest.raises(ProviderAway):
            ours.subject_of(bearer(theirs.token(WHO, key_id=f"made-up-{number}")))
    assert ours.subject_of(bearer(theirs.token("p.bakker"))).name == "p.bakker"
    # ten strangers, one attempt: of the first fetch, and of the one that failed
    assert theirs.asked["/.well-known/openid-configuration"] == 2


def test_it_comes_back(theirs: HandMade, ours: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "RETRY_SECONDS", 0.0)
    theirs.down = True
    with pytest.raises(ProviderAway):
        ours.subject_of(bearer(theirs.token(WHO)))
    theirs.down = False
    assert ours.subject_of(bearer(theirs.token(WHO))).name == WHO


def test_a_slow_provider_does_not_hold_up_who_is_known(
    theirs: HandMade, ours: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "REFETCH_SECONDS", 0.0)
    ours.subject_of(bearer(theirs.token(WHO)))
    asked, release = threading.Event(), threading.Event()

    def slow(_: str) -> dict[str, object]:
        asked.set()
        release.wait(10)
        raise ValueError

    monkeypatch.setattr(ours, "_get", slow)
    stranger = bearer(theirs.token(WHO, key_id="made-up"))

    def knock() -> None:
        with pytest.raises(ProviderAway):
            ours.subject_of(stranger)

    thread = threading.Thread(target=knock)
    thread.start()
    assert asked.wait(5)
    began = time.monotonic()
    assert ours.subject_of(bearer(theirs.token("p.bakker"))).name == "p.bakker"
    with pytest.raises(TokenRefused):
        ours.subject_of(bearer(theirs.token(WHO, key_id="made-up-too")))
    assert time.monotonic() - began < 2
    release.set()
    thread.join()


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "http://localhost:2", "jwks_uri": "http://localhost:2/jwks"},
        {"jwks_uri": "http://localhost:2/jwks"},
        {"issuer": None},
        [],
        "text",
    ],
)
def test_a_provider_that_says_something_else_is_not_believed(
    theirs: HandMade, ours: Provider, discovery: object
) -> None:
    theirs.discovery = discovery
    with pytest.raises(ProviderAway):
        ours.subject_of(bearer(theirs.token(WHO)))


def test_its_keys_do_not_come_over_http_from_elsewhere(theirs: HandMade, ours: Provider) -> None:
    theirs.discovery = {"issuer": theirs.issuer, "jwks_uri": "http://keys.example/jwks"}
    with pytest.raises(ProviderAway) as away:
        ours.subject_of(bearer(theirs.token(WHO)))
    assert isinstance(away.value.__cause__, IssuerRefused)


@pytest.mark.parametrize("issuer", ["http://login.example", "ftp://login.example", "login.example", ""])
def test_an_issuer_needs_https(issuer: str) -> None:
    with pytest.raises(IssuerRefused):
        Provider(issuer, AUDIENCE)


@pytest.mark.parametrize(
    "issuer", ["https://login.example/realm", "http://localhost:80", "http://127.0.0.1:8"]
)
def test_on_this_machine_http_will_do(issuer: str) -> None:
    Provider(issuer, AUDIENCE)
