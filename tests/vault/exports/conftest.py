"""A collector that listens, and streams to it."""

from collections.abc import Iterator

import pytest

from tests.installation import Installation
from tests.servers.collector import OtlpCollector, collecting
from vault.exports import otlp
from vault.exports.collectors import Address, Collector
from vault.exports.streams import Stream, decisions_to, processings_to


@pytest.fixture
def collector() -> Iterator[OtlpCollector]:
    with collecting() as made:
        yield made


@pytest.fixture
def adl(small: Installation, collector: OtlpCollector) -> Iterator[Stream]:
    """The stream of decisions of a small installation."""
    to = Collector(Address(f"{collector.url}/v1/logs"), otlp.refused_records)
    yield decisions_to(to, small.vault)
    to.close()


@pytest.fixture
def ldv(small: Installation, collector: OtlpCollector) -> Iterator[Stream]:
    """The stream of processings of a small installation."""
    to = Collector(Address(f"{collector.url}/v1/traces"), otlp.refused_lines)
    yield processings_to(to, small.vault, "0.8")
    to.close()


@pytest.fixture
def either(installation: Installation, collector: OtlpCollector) -> Iterator[Stream]:
    """The stream of decisions of an installation on each pair of real parts."""
    to = Collector(Address(f"{collector.url}/v1/logs"), otlp.refused_records)
    yield decisions_to(to, installation.vault)
    to.close()
