"""Every file of a collection of real camera files goes through the door and is judged rightly."""

import os
from pathlib import Path

import pytest

from ingest.probe import NotFootage, probe
from tests.docking import Dock, as_kept, digest
from tests.installation import Installation
from tests.stores import sealed

GIVEN = os.environ.get("BODYCAM_TEST_CLIPS")
CLIPS = Path(GIVEN) if GIVEN else Path(__file__).parents[3] / "shared" / "clips"

KEPT = None
EXPECTED = {
    # HEVC with Dolby Vision, and three data tracks that no player knows; the picture is whole.
    "exo_dolbyVision-hdr.MOV": KEPT,
    # Two seconds of VP9 by its header, and not one frame that decodes.
    "exo_invalid-bitstream.webm": "not-decodable",
    # 0.3 s upright in 4K: short is not absurd.
    "exo_portrait_4k60.mp4": KEPT,
    "exo_sample.avi": KEPT,
    # One second of frames that claims 143,165 s, as its last fragment's length is a negative number.
    "exo_sample_fragmented.mp4": "absurd-duration",
    # Three frames of a transport stream whose clock begins at 1.4 s.
    "exo_sample_h264_mpeg_audio.ts": KEPT,
    # mdat claims to be longer than the file; every sample the index names is there.
    "exo_sample_mdat_too_long.mp4": KEPT,
    # Speech without a picture.
    "exo_sample_nb.amr": "no-video",
    "exo_sample_partially_fragmented.mp4": KEPT,
    "exo_sample_with_increasing_timestamps_360p.mp4": KEPT,
    # A drone's: picture, sound, time code and telemetry, the index at the end.
    "gopro_karma.mp4": KEPT,
    "intel_car-detection.mp4": KEPT,
    "intel_help.mkv": KEPT,
    "intel_one-by-one-person-detection.mp4": KEPT,
    "intel_walk.mkv": KEPT,
    "mp4ff_hevc.mp4": KEPT,
    # An empty index: nothing is described, so nothing can be footage.
    "mp4ff_init_truncated.mp4": "not-footage",
    "mp4ff_prog_8s.mp4": KEPT,
}
AT_SCALE = ("gopro_karma.mp4", "exo_sample_nb.amr")
MANGLED = {
    "gopro_karma.mp4": "truncated",  # its index was to come at the end
    "intel_car-detection.mp4": "truncated",  # its index promises what is not there
    "intel_walk.mkv": "truncated",  # its header promises 2.97 s
    "mp4ff_hevc.mp4": "truncated",
}

pytestmark = pytest.mark.skipif(
    not CLIPS.is_dir(), reason="no clips here; name their folder in BODYCAM_TEST_CLIPS"
)


def test_every_file_has_its_verdict() -> None:
    there = {path.name for path in CLIPS.iterdir() if path.suffix != ".md"}
    assert there == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_clip_is_judged_rightly(standing: Installation, any_dock: Dock, name: str) -> None:
    if not standing.settings.objects_url.startswith("file") and name not in AT_SCALE:
        pytest.skip("judged on SQLite and a directory, by the same ffprobe")
    content = (CLIPS / name).read_bytes()
    upload = any_dock.upload(content, sha256=digest(content))
    found = any_dock.receipt(upload)
    assert (found["state"], found["reason"]) == (
        ("kept", None) if EXPECTED[name] is KEPT else ("quarantined", EXPECTED[name])
    )
    assert found["claims"]["wipe"] is (EXPECTED[name] is KEPT)
    assert as_kept(standing, upload) == content


@pytest.mark.parametrize("name", MANGLED)
def test_half_a_clip_is_not_kept(name: str) -> None:
    content = (CLIPS / name).read_bytes()
    found = probe(
        sealed(content[: len(content) // 2]), seconds=60, memory_bytes=1 << 31, longest_seconds=43_200
    )
    assert found == NotFootage(MANGLED[name])
