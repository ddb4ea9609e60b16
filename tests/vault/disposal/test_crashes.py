"""Killed at every numbered step, a sweep leaves less readable, and the next one ends what it began, once."""

import signal

import pytest

from tests.disposing import disposal_of, kept, remains, swept, told
from tests.dying import sweeping_process
from tests.installation import Installation
from tests.watching import footage, keep, row_of
from vault.audit import Event
from vault.tables import State

STORES = {"DirectoryStore": "vault.objects.directory.DirectoryStore", "S3Store": "vault.objects.s3.S3Store"}
STEPS = {
    # 1. begin: one transaction.
    "before 1": "before vault.disposal.beginning.begin_all",
    "in 1, entries written": "after vault.audit.append_all",
    "in 1, before the keys": "before vault.disposal.beginning._destroy_keys",
    "in 1, keys deleted": "after vault.disposal.beginning._destroy_keys",
    "in 1, before the commit": "after vault.disposal.beginning.begin_all",
    # 2. discard: object by object.
    "between 1 and 2": "before vault.disposal.discarding.discard_all",
    "in 2, before the first object": "before {store}.discard",
    "in 2, after the first object": "after {store}.discard",
    "in 2, one recording's objects gone": "after {store}.discard 4",
    "in 2, in the second recording's": "before {store}.discard 7",
    "in 2, all objects gone, not looked": "after {store}.discard 8",
    # 3. what is kept still: nothing, here.
    "between 2 and 3": "before vault.disposal.sweeping._keep_locked",
    "between 3 and 4": "before vault.disposal.finishing.finish_all",
    # 4. finish: one transaction.
    "in 4, certificate made": "after vault.disposal.finishing.statement 2",
    "in 4, entries written": "after vault.audit.append_all 3",
    "in 4, before the commit": "after vault.disposal.finishing._finish",
    "after 4": "after vault.disposal.finishing.finish_all",
}


@pytest.mark.parametrize("step", STEPS)
def test_dying_at_any_step_ends_disposed_of_once(installation: Installation, step: str) -> None:
    recordings = [kept(installation, seed) for seed in (1, 2)]
    stays = keep(installation, footage(seed=3))
    fault = STEPS[step].format(store=STORES[type(installation.vault.store).__name__])
    process = sweeping_process(installation, fault)
    process.join(60)
    log = installation.home / "sweep.log"
    assert process.exitcode == -signal.SIGKILL, f"it did not come to this step:\n{log.read_text()}"
    began = [told(installation, each, Event.RECORDING_DISPOSING) for each in recordings]
    assert began in ([0, 0], [1, 1])
    for recording in recordings:
        # Readable and kept, or neither; and nothing is certified that stands.
        left, state = remains(installation, recording), row_of(installation, recording).state
        assert (left["sealed_key"], state) in ((1, State.KEPT), (0, State.DISPOSING), (0, State.DISPOSED))
        disposal = disposal_of(installation, recording)
        assert (disposal is None) == (state == State.KEPT)
        certified = bool(disposal and disposal.certificate)
        assert (
            certified
            == (state == State.DISPOSED)
            == bool(told(installation, recording, Event.RECORDING_DISPOSED))
        )
        if certified:
            assert left["objects"] == 0
    installation.settle()
    due = {str(each) for each in recordings if row_of(installation, each).state == State.KEPT}
    found = {(each.check, each.about) for each in installation.amiss()}
    assert found == {("term-is-over", about) for about in due}
    swept(installation)
    for recording in recordings:
        assert remains(installation, recording) == {
            "part": 0,
            "sealed_key": 0,
            "depiction": 0,
            "objects": 0,
        }
        assert told(installation, recording, Event.RECORDING_DISPOSING) == 1
        assert told(installation, recording, Event.RECORDING_DISPOSED) == 1
    assert row_of(installation, stays).state == State.KEPT
    assert remains(installation, stays)["sealed_key"] == 1


def test_the_steps_begin_and_end(installation: Installation) -> None:
    """A sweep that nobody kills does both recordings in one go: so the steps above are those of one sweep."""
    recordings = [kept(installation, seed) for seed in (1, 2)]
    result = swept(installation)
    assert (result.begun, result.disposed) == (2, 2)
    assert {row_of(installation, each).state for each in recordings} == {State.DISPOSED}
