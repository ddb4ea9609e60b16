"""Settings: nothing unknown, nothing missing, and no secret in any text."""

from pathlib import Path

import pytest

from vault.settings import Settings, SettingsRefused, load

GOOD = {
    "BODYCAM_DATABASE_URL": "postgresql+psycopg://vault:hunter2@db/vault",
    "BODYCAM_OBJECTS_URL": "s3+https://objects:9000/footage",
    "BODYCAM_OBJECTS_ACCESS_KEY": "hunter3",
    "BODYCAM_OBJECTS_SECRET_KEY": "hunter4",
    "BODYCAM_KEYS": "/keys",
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)


def test_they_come_from_the_environment() -> None:
    settings = load()
    assert settings.keys == Path("/keys")
    assert settings.database_url.get_secret_value() == GOOD["BODYCAM_DATABASE_URL"]


@pytest.mark.parametrize("name", ["BODYCAM_DATABASE_URL", "BODYCAM_OBJECTS_URL", "BODYCAM_KEYS"])
def test_what_must_be_decided_has_no_default(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(SettingsRefused, match=name):
        load()


@pytest.mark.parametrize("name", ["BODYCAM_DATABSE_URL", "BODYCAM_X", "BODYCAM_", "bodycam_part_byts"])
def test_a_variable_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "hunter5")
    with pytest.raises(SettingsRefused, match=name) as refused:
        load()
    assert "hunter" not in str(refused.value)


def test_the_tests_own_variables_are_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BODYCAM_TEST_REQUIRE_SERVICES", "1")
    load()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BODYCAM_PART_BYTES", "hunter6"),
        ("BODYCAM_PART_BYTES", "1"),
        ("BODYCAM_PART_BYTES", str(17 * 1024 * 1024)),
        ("BODYCAM_UPLOAD_EXPIRES", "hunter6"),
        ("BODYCAM_PROBE_SECONDS", "0"),
        ("BODYCAM_PROBE_MEMORY_BYTES", "7"),
        ("BODYCAM_VAULT_URL", "http://bodycams.example"),
        ("BODYCAM_VAULT_URL", "https://bodycams.example/"),
        ("BODYCAM_VAULT_URL", "https://bodycams.example?hunter7"),
        ("BODYCAM_ADL_URL", "http://collector.example/v1/logs"),
        ("BODYCAM_ADL_URL", "http://localhost.example/v1/logs"),
        ("BODYCAM_ADL_URL", "https://us:hunter8@collector.example/v1/logs"),
        ("BODYCAM_LDV_URL", "ftp://collector.example"),
        ("BODYCAM_LDV_URL", "https://collector.example/v1/traces?key=hunter9"),
        ("BODYCAM_LDV_DRAFT", "hunter6"),
    ],
)
def test_what_is_malformed_is_named_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsRefused, match=name) as refused:
        load()
    assert "hunter" not in str(refused.value)


def test_no_secret_in_any_text() -> None:
    settings = load()
    for said in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert "hunter" not in said


def test_they_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().part_bytes = 7


def test_what_a_process_needs_it_asks_for() -> None:
    settings = load()
    settings.require("keys")
    with pytest.raises(SettingsRefused, match="BODYCAM_OIDC_ISSUER, BODYCAM_INGEST_URL"):
        settings.require("oidc_issuer", "keys", "ingest_url")


def test_a_secret_has_no_default() -> None:
    for name, field in Settings.model_fields.items():
        if "secret" in name or "key" in name or ("url" in name and name != "contact_url"):
            assert field.is_required() or field.default is None, name


@pytest.mark.parametrize(
    "url",
    [
        "https://collector.example:4318/v1/logs",
        "https://[2001:db8::1]/v1/logs",
        "http://127.0.0.1:4318/v1/logs",
        "http://localhost/v1/logs",
        "http://[::1]:4318",
    ],
)
def test_a_collector_is_reached_over_tls_or_on_this_machine(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("BODYCAM_ADL_URL", url)
    assert load().adl_url == url
