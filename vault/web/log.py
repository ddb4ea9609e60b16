"""The log, to those who may check it: static-looking files as c2sp.org/tlog-tiles has them, behind the guard.

GET  /log/checkpoint                      the newest checkpoint, with its cosignatures
GET  /log/cosigned-checkpoint             the newest that a witness cosigned
GET  /log/cosigned/<key id>               the newest that this witness cosigned
GET  /log/tile/<level>/<n>[.p/<width>]    hashes
GET  /log/tile/entries/<n>[.p/<width>]    entries
GET  /log/minimum-index                   below which index entries are no longer shown
POST /log/cosignatures                    a checkpoint that a witness cosigned
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from auditor import tiles
from auditor.notes import VerifierKey
from vault.log import shown, witnesses
from vault.log.access import LogAccess
from vault.vault import Caller, Vault
from vault.web import problems
from vault.web.guard import caller_of
from vault.web.problem import Refused

By = Annotated[Caller, Depends(caller_of)]
Clock = Callable[[], datetime]
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}
"""A tile never changes; it is kept by who may read it, and by nobody in between."""


def routes(vault: Vault, known: Sequence[VerifierKey], clock: Clock) -> APIRouter:
    """Every route of the log, over one vault; `known`: the witnesses whose cosignatures are taken."""
    router = APIRouter(prefix="/log")
    access = LogAccess(vault)

    def admitted(caller: By) -> Caller:
        """Whoever the rules let read the log; the trail has it before anything is shown."""
        decision = access.ask(caller, now=clock())
        if not decision.permitted:
            raise problems.denied(decision.reasons)
        return caller

    admit = [Depends(admitted)]

    @router.get(f"/{tiles.CHECKPOINT}", dependencies=admit)
    def checkpoint() -> Response:
        return _found(shown.checkpoint(vault), TEXT)

    @router.get(f"/{tiles.COSIGNED}", dependencies=admit)
    def cosigned() -> Response:
        return _found(shown.cosigned_checkpoint(vault), TEXT)

    @router.get("/cosigned/{key_id}", dependencies=admit)
    def cosigned_by(key_id: str) -> Response:
        witness = next((each for each in known if each.id.hex() == key_id), None)
        return _found(shown.cosigned_by(vault, witness) if witness else None, TEXT)

    @router.get(f"/{tiles.MINIMUM}", dependencies=admit)
    def minimum() -> Response:
        return _found(shown.minimum(vault), TEXT)

    @router.get("/tile/{path:path}", dependencies=admit)
    def tile(path: str) -> Response:
        return _found(shown.file(vault, f"tile/{path}"), BYTES, FOR_EVER)

    @router.post(f"/{tiles.COSIGNATURES}", dependencies=admit)
    async def cosign(request: Request) -> Response:
        note = await request.body()
        await run_in_threadpool(witnesses.accept, vault, note, known, now=clock())
        return Response(status_code=204)

    return router


def _found(data: bytes | None, kind: str, headers: dict[str, str] | None = None) -> Response:
    if data is None:
        raise Refused(problems.NOT_FOUND)
    return Response(data, media_type=kind, headers=headers)
