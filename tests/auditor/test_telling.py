"""What was verified is told in two languages, with what it does not prove."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditor import notes, tiles
from auditor.checkpoints import open_checkpoint
from auditor.findings import Finding, Kind
from auditor.language import Language
from auditor.notes import COSIGNATURE, VerifierKey
from auditor.reading import Folder
from auditor.telling import MOST_TOLD, told, told_of_entry, what_to_do
from auditor.verify import Report, verify
from tests.auditor.conftest import Exported
from tests.logs import put

LANGUAGES = {
    Language.DUTCH: ("BEWEZEN", "KLOPT NIET", "NIET GECONTROLEERD", "Wat dit niet bewijst:", "getuige"),
    Language.ENGLISH: (
        "PROVEN",
        "DOES NOT MATCH",
        "COULD NOT BE CHECKED",
        "What this does not prove:",
        "witness",
    ),
}


def text(report: Report, language: Language) -> str:
    return "\n".join(told(report, language))


@pytest.mark.parametrize("language", Language)
def test_what_is_proven_and_what_is_not(made: Exported, language: Language) -> None:
    proven, _, _, limits, witness = LANGUAGES[language]
    report = verify(Folder(made.folder), made.log.key)
    said = text(report, language)
    assert said.startswith(f"{proven}: voorbeeldstad.example/log\n800 ")
    shown = said[said.index(limits) :]
    assert "--since" in shown
    assert "--witness" in shown
    assert witness in shown
    assert "160  viewing.served" in said
    assert str(made.log.key.id.hex()) in said


@pytest.mark.parametrize("language", Language)
def test_a_mismatch_proves_nothing(exported: Exported, language: Language) -> None:
    put(exported.folder, tiles.tile_path(0, 1), bytes(8192))
    report = verify(Folder(exported.folder), exported.log.key)
    said = text(report, language)
    assert said.startswith(LANGUAGES[language][1])
    assert f"entry 256: {Kind.ENTRY.value.in_language(language)} (tile/0/001)" in said
    assert "… + 206" in said
    assert len(report.findings) == MOST_TOLD + 206
    assert LANGUAGES[Language.DUTCH][0] not in said
    assert "signed for exactly" not in said


@pytest.mark.parametrize("language", Language)
def test_a_witness_and_an_older_checkpoint_are_told(exported: Exported, language: Language) -> None:
    private = Ed25519PrivateKey.generate()
    witness, absent = (VerifierKey.of(name, COSIGNATURE, private) for name in ("or.example", "rekenkamer"))
    note = (exported.folder / tiles.CHECKPOINT).read_bytes()
    line = notes.cosign(notes.split(note)[0], "or.example", private, at=1_700_000_000)
    put(exported.folder, tiles.CHECKPOINT, notes.append(note, line))
    since = open_checkpoint(note, exported.log.key)
    said = text(verify(Folder(exported.folder), exported.log.key, [witness, absent], since=since), language)
    assert said.startswith(LANGUAGES[language][2])
    assert "or.example" in said
    assert "2023-11-14 22:13:20 UTC" in said
    assert "rekenkamer" in said[said.index("or.example") :]
    # Their opposites are not among what is not proven.
    assert said.count("--since") == 1
    assert "--witness" not in said


@pytest.mark.parametrize("language", Language)
def test_what_is_not_shown_is_told(exported: Exported, language: Language) -> None:
    (exported.folder / tiles.bundle_path(0)).unlink()
    put(exported.folder, tiles.MINIMUM, b"300\n")
    said = text(verify(Folder(exported.folder), exported.log.key), language)
    limits = said[said.index(LANGUAGES[language][3]) :]
    assert " 256 " in limits
    assert " 300" in limits


@pytest.mark.parametrize("at", [0, 2**40, 2**63 - 1])
def test_a_witness_may_have_any_clock(exported: Exported, at: int) -> None:
    private = Ed25519PrivateKey.generate()
    note = (exported.folder / tiles.CHECKPOINT).read_bytes()
    line = notes.cosign(notes.split(note)[0], "or.example", private, at=at)
    put(exported.folder, tiles.CHECKPOINT, notes.append(note, line))
    witness = VerifierKey.of("or.example", COSIGNATURE, private)
    assert "or.example" in text(verify(Folder(exported.folder), exported.log.key, [witness]), Language.DUTCH)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", Kind)
def test_every_finding_has_words(made: Exported, kind: Kind, language: Language) -> None:
    report = Report(made.log.key, findings=[Finding(kind, "entry 1")])
    assert f"entry 1: {kind.value.in_language(language)}" in text(report, language)
    assert len(kind.value.nl) > 20 < len(kind.value.en)
    assert kind.value.nl != kind.value.en


@pytest.mark.parametrize("language", Language)
def test_a_fork_says_what_to_do(language: Language) -> None:
    said = what_to_do(Kind.REWRITTEN, "/a/folder").in_language(language)
    assert Kind.REWRITTEN.value.in_language(language) in said
    assert "/a/folder" in said
    assert all(f"{step}. " in said for step in (1, 2, 3, 4))


@pytest.mark.parametrize("language", Language)
def test_what_proves_nothing_says_why(made: Exported, language: Language) -> None:
    lines = told_of_entry("the proof is too short", made.log.key, [], language)
    assert lines[0].startswith(LANGUAGES[language][1])
    assert "too short" in lines[1]
