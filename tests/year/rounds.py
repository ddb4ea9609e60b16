"""The keeper's work, by our clock; and the keeper killed in the middle of it."""

import os
import signal
import time

from ingest.orphans import reap_orphans
from ingest.reaper import reap
from tests.year.world import KEEPER, World, open_vault
from vault.disposal.day_keys import prepare
from vault.disposal.expiring import expire
from vault.disposal.intake_keys import Cycle, attend
from vault.disposal.placing import place
from vault.disposal.sweeping import sweep
from vault.erasure import epochs
from vault.holds.releasing import release
from vault.log.sequencer import sequence
from vault.log.thinning import thin
from vault.trail.indexer import index_all
from vault.vault import Vault


def keep_house(world: World) -> None:
    """What the keeper does again and again."""
    _round(world.vault, world)
    reap(world.intake, now=world.now)


def keep_house_at_night(world: World) -> None:
    """What it does once a night."""
    keep_house(world)
    attend(world.vault, KEEPER, Cycle(ingest=world.home / "keys-ingest"), now=world.now)
    expire(world.vault, KEEPER, now=world.now)
    reap_orphans(world.intake, KEEPER, now=world.now)
    thin(world.vault, now=world.now)
    epochs.follow(world.vault)


def die_keeping_house(world: World) -> None:
    """The keeper is killed somewhere in a round, by SIGKILL, and the next one goes on."""
    child = os.fork()
    if child == 0:
        try:
            # A process of its own: nothing of the database is shared.
            _round(open_vault(world.home, world.clock), world)
        finally:
            os._exit(0)
    time.sleep(world.dice.uniform(0.05, 0.6))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    world.count("keeper killed" if os.WIFSIGNALED(status) else "keeper was done before it was killed")


def _round(vault: Vault, world: World) -> None:
    prepare(vault, now=world.now)
    place(vault, now=world.now)
    release(vault, KEEPER, now=world.now)
    sweep(vault, KEEPER, now=world.now)
    while sequence(vault, now=world.now):
        pass
    index_all(vault)
