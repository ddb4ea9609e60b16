"""A real keeper and a real collector: killed between the two, nothing is lost and nothing becomes two."""

import os
import signal
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import func, select

from console.demo import town
from tests.installation import Installation
from tests.running import running
from tests.servers.collector import Kept, OtlpCollector, collecting
from tests.watching import PURPOSE, eventually, footage, granted, keep
from vault.log.tables import LogEntry, LogReader
from vault.trail import Question, read

KILLS = 3


def with_collector(made: Installation, collector: OtlpCollector) -> Installation:
    """The same installation, with a collector in its settings."""
    changed = {"adl_url": f"{collector.url}/v1/logs", "ldv_url": f"{collector.url}/v1/traces"}
    return replace(made, settings=made.settings.model_copy(update=changed))


def test_killed_while_the_collector_answers(installation: Installation) -> None:
    granted(installation, keep(installation, footage(1000)))
    question = Question(town.SLUG, PURPOSE)
    for _ in range(3):
        read(installation.vault, installation.caller(town.SUPERVISOR), question, now=datetime.now(UTC))
    installation.settle()
    with collecting() as collector:
        exporting = with_collector(installation, collector)
        kills = 0
        for _ in range(KILLS):
            with running(exporting, "keeper") as keeper:
                child = keeper.process

                def die(_: Kept, pid: int = child.pid) -> bool:
                    nonlocal kills
                    # It has sent everything, and hears nothing any more.
                    os.kill(pid, signal.SIGKILL)
                    kills += 1
                    return False

                collector.refuses = die
                child.wait(30)
        assert kills >= KILLS
        collector.refuses = lambda _: False
        at_first = dict(collector.came)
        with running(exporting, "keeper"):
            eventually(lambda: _done(installation), 30)
    # What came before came again; the collector itself compares the two.
    assert at_first.keys() <= collector.took.keys()
    assert max(collector.came.values()) >= 2
    decisions = [kept for kept in collector.took.values() if "event_name" in kept.record]
    assert len(decisions) == 5
    assert any("dpl.core.data_subject_id" in kept.record["attributes"] for kept in collector.took.values())


def _done(made: Installation) -> bool:
    with made.vault.database.reading() as session:
        whole = session.scalar(select(func.max(LogEntry.index)))
        places = list(session.scalars(select(LogReader.index).where(LogReader.name.in_(["adl", "ldv"]))))
    return whole is not None and places == [whole + 1] * 2
