"""A collector that listens, and streams to it."""

from collections.abc import Callable, Iterator

import pytest

from tests.installation import Installation
from tests.servers.collector import OtlpCollector, collecting
from vault.exports import otlp
from vault.exports.collectors import Address, Collector
from vault.exports.processings import Draft
from vault.exports.streams import Stream, decisions_to, processings_to

Streaming = Callable[..., Stream]


@pytest.fixture
def collector() -> Iterator[OtlpCollector]:
    with collecting() as made:
        yield made


@pytest.fixture
def adl(installation: Installation, collector: OtlpCollector) -> Iterator[Stream]:
    """The stream of decisions of an installation."""
    to = Collector(Address(f"{collector.url}/v1/logs"), otlp.refused_records)
    yield decisions_to(to, installation.vault)
    to.close()


@pytest.fixture
def ldv(installation: Installation, collector: OtlpCollector) -> Iterator[Stream]:
    """The stream of processings of an installation."""
    yield from ldv_of(installation, collector)


def ldv_of(installation: Installation, collector: OtlpCollector, draft: Draft = "0.8") -> Iterator[Stream]:
    """The stream of processings, by a text of the standard."""
    to = Collector(Address(f"{collector.url}/v1/traces"), otlp.refused_lines)
    yield processings_to(to, installation.vault, draft)
    to.close()
