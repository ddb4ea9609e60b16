"""Requests that we send to others: each goes with the trace of what it is for (W3C Trace Context)."""

from typing import Any

import urllib3

from vault import tracing


class TracedPool(urllib3.PoolManager):
    """Connections to other parties; adds `traceparent`, and the caller's `tracestate`, to every request.

    A request that is signed (S3) is so before it comes here; headers that were not signed may be added.
    """

    def urlopen(  # type: ignore[override]  # urllib3 leaves the rest of the arguments open too
        self, method: str, url: str, redirect: bool = True, **given: Any
    ) -> urllib3.BaseHTTPResponse:
        """As `PoolManager.urlopen`; also what `request` ends in, and each redirect."""
        sent = given.get("headers")
        headers = {**(self.headers if sent is None else sent), **tracing.headers()}
        return super().urlopen(method, url, redirect=redirect, **{**given, "headers": headers})
