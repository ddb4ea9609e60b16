"""Which room a line of code lives in: what may be said, raised, committed or appended only in one place."""

import ast
import re
from collections.abc import Callable
from functools import cache

import pytest

from .rule import Complaints, Rule, hold, name_of, prove
from .source import ROOMS, ROOT, Source, last_name, sources

SEALING = ("vault/sealing", "vault/keys")
DOORS = ("vault/web", "ingest", "console")
AUDIT_TABLES = ("AuditEntry", "AuditPayload")
COMMITS = re.compile(r"\s*commit\b", re.IGNORECASE)
BINDS = re.compile(r"engine|session|connect|conn$", re.IGNORECASE)
AUDIT_WRITES = re.compile(r"(insert\s+into|update|delete\s+from)\s+audit_", re.IGNORECASE)
HOMONYMS = frozenset(["audit"])
"""Purposes that are also a word of the house itself, and so cannot be told apart."""


def speaks(pattern: str, *rooms: str) -> Callable[[Source], Complaints]:
    """Complains where a name or one-word string matches `pattern` outside `rooms`."""
    spoken = re.compile(pattern, re.IGNORECASE)

    def complain(source: Source) -> Complaints:
        if not source.within(*rooms):
            yield from ((line, f"says {word!r}") for line, word in source.words() if spoken.search(word))

    return complain


def commits(source: Source) -> Complaints:
    if source.within("vault/db"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and (
            node.attr in ("commit", "begin_nested")
            or (node.attr == "begin" and BINDS.search(bound(node.value)))
        ):
            yield node.lineno, f"uses .{node.attr}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and COMMITS.fullmatch(node.value):
            yield node.lineno, "says COMMIT"


def bound(node: ast.expr) -> str:
    """The name of what a method is called on, also when that is itself made by a call."""
    return last_name(node.func if isinstance(node, ast.Call) else node)


def speaks_http(source: Source) -> Complaints:
    if source.within(*DOORS):
        return
    for line, module in source.imports():
        if module.split(".")[0] in ("fastapi", "starlette") or module == "http.HTTPStatus":
            yield line, f"imports {module}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Raise) and node.exc is not None:
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if last_name(raised) in ("HTTPException", "Refused"):
                yield node.lineno, f"raises {last_name(raised)}"
        elif isinstance(node, ast.keyword) and node.arg == "status_code":
            yield node.value.lineno, "gives a status_code"


def holds_a_session(source: Source) -> Complaints:
    if not source.within("vault/web"):
        return
    for line, module in source.imports():
        if module.startswith("sqlalchemy") and not module.startswith("sqlalchemy.exc"):
            yield line, f"imports {module}"
    yield from ((line, f"opens .{name}()") for line, name, _ in source.calls() if name == "transaction")


def names_a_purpose(source: Source) -> Complaints:
    if source.within("console"):  # tells the story of one municipality, with its rule set beside it
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and node.value in vocabulary():
            yield node.lineno, f"names {node.value!r}"


@cache
def vocabulary() -> frozenset[str]:
    """The purposes of the schema and the municipalities that have a rule set."""
    folder = ROOT / "policies" / "rulesets"
    schema = (folder / "shared" / "schema.cedarschema").read_text("utf-8")
    listed = re.search(r"entity Purpose enum \[(.*?)\]", schema, re.DOTALL)
    assert listed, "the schema lists no purposes"
    places = {path.parent.name for path in folder.glob("*/terms.toml")}
    return (frozenset(re.findall(r'"([^"]+)"', listed[1])) | places) - HOMONYMS


def writes_the_trail(source: Source) -> Complaints:
    if source.within("vault/audit"):
        return
    for line, name, call in source.calls():
        if name in AUDIT_TABLES:
            yield line, f"makes an {name}"
        elif name in ("insert", "update", "delete"):
            yield from (
                (line, f"{name}s {last_name(arg)}") for arg in call.args if last_name(arg) in AUDIT_TABLES
            )
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and AUDIT_WRITES.search(node.value):
            yield node.lineno, "writes an audit table in SQL"


def prints(source: Source) -> Complaints:
    if not source.within("console"):
        yield from ((line, "prints") for line, name, call in source.calls() if name == "print")


RULES = (
    Rule(
        "one file commits",
        """
        What is atomic is visible in the verb: it opens transaction() of vault/db.py, does all of its writing
        in it, and its audit entry stands or falls with its effect. A commit elsewhere can let an effect stand
        without its entry. Open the transaction in the verb, and hand its session to what writes.
        """,
        commits,
        wrong=(
            ("vault/grants.py", "session.commit()"),
            ("vault/grants.py", "with engine.begin() as c: ..."),
            ("vault/grants.py", "with self.database.engine.begin() as c: ..."),
            ("vault/grants.py", "with Session(engine).begin() as s: ..."),
            ("vault/web/app.py", "finish = session.commit"),
            ("console/demo.py", "connection.execute(text('COMMIT'))"),
            ("ingest/tus.py", "with session.begin_nested(): ..."),
        ),
        right=(
            ("vault/db.py", "session.commit()"),
            ("vault/grants.py", "with database.transaction() as session: commitment(salt, payload)"),
            ("vault/migrations/env.py", "with context.begin_transaction(): ..."),
            ("vault/web/frame.py", "tracing.begin(traceparent)"),
        ),
    ),
    Rule(
        "only a door speaks HTTP",
        """
        Policies return, doors raise: a denial is a value that is decided, recorded and committed like a
        permit, and a door turns it into a status afterwards. An exception with a status raised below the door
        would roll back the entry that accounts for it. Return the outcome, or raise an error of the field;
        vault/web and ingest translate it.
        """,
        speaks_http,
        wrong=(
            ("vault/grants.py", "from fastapi import HTTPException"),
            ("vault/grants.py", "import starlette.responses"),
            ("vault/grants.py", "from http import HTTPStatus"),
            ("vault/requests.py", "raise HTTPException(403)"),
            ("vault/requests.py", "def f():\n    raise problem.Refused(x) from None"),
            ("policies/engine.py", "answer(status_code=403)"),
        ),
        right=(
            ("vault/web/viewing.py", "from fastapi import HTTPException\nraise Refused(NO_GRANT)"),
            ("ingest/tus.py", "from starlette.responses import Response\nResponse(status_code=204)"),
            ("vault/grants.py", "raise GrantEnded"),
        ),
    ),
    Rule(
        "a route holds no session",
        """
        Write, then show: no byte leaves before its audit entry is committed. The framework ends what a route
        holds after the response, for a stream after its last byte, so a session in a route breaks this in
        silence. Put the query in the verb (vault/), which ends its transaction before it returns.
        """,
        holds_a_session,
        wrong=(
            ("vault/web/viewing.py", "from sqlalchemy.orm import Session"),
            ("vault/web/app.py", "import sqlalchemy as sa"),
            ("vault/web/app.py", "with database.transaction() as session: ..."),
        ),
        right=(
            ("vault/grants.py", "from sqlalchemy.orm import Session"),
            ("vault/web/app.py", "from sqlalchemy.exc import OperationalError"),
        ),
    ),
    Rule(
        "purposes and municipalities are data",
        """
        A purpose, or a municipality's name, in code is a rule of one municipality that all others get. What
        differs between them stands in policies/rulesets: in rules.cedar when it decides, in terms.toml when
        it is a term, a text or a list.
        """,
        names_a_purpose,
        wrong=(
            ("vault/requests.py", "if purpose == 'klacht': ..."),
            ("vault/web/app.py", "Literal['inzageverzoek', 'aangifte']"),
            ("policies/engine.py", "FORBIDDEN = {'functioneringsgesprek'}"),
            ("ingest/tus.py", "default = 'noordwijk'"),
        ),
        right=(
            ("policies/facts.py", '"""Purposes, such as klacht."""\npurpose = request.purpose'),
            ("console/demo.py", "ask(purpose='klacht')"),
        ),
    ),
    Rule(
        "only sealing and keys speak of ciphers",
        """
        How footage is sealed is decided, reviewed and tested in vault/sealing, and how keys are in
        vault/keys; a nonce or a cipher anywhere else is a second way to do it that nobody reviewed. Ask those
        two for the act: seal, open, wrap, unwrap. A timestamp's nonce (RFC 3161) only has the same name.
        """,
        speaks(
            r"nonce|aes.?gcm|(?<![a-z])gcm|hkdf|hpke|cobblestone|chacha20", *SEALING, "auditor/timestamps"
        ),
        wrong=(
            ("vault/viewing.py", "nonce = part.header[:12]"),
            ("ingest/receiving.py", "from cryptography.hazmat.primitives.ciphers.aead import AESGCM"),
            ("ingest/receiving.py", "from cryptography.hazmat.primitives import hpke"),
            ("vault/objects/s3.py", "def put(name, base_nonce): ..."),
            ("vault/web/app.py", "algorithm = 'AES-GCM'"),
        ),
        right=(
            ("vault/sealing.py", "nonce = b''"),
            ("vault/keys/ring.py", "from cryptography.hazmat.primitives import hpke"),
            ("ingest/announcement.py", "announced, announce, pronounce = 1, 2, 3"),
        ),
    ),
    Rule(
        "only the object store speaks of buckets",
        """
        Recordings know names of objects and bytes; that a store has buckets, versions or ETags is the
        business of vault/objects, whose other implementation, a directory, has none of them. Widen the
        protocol in vault/objects with a word both stores understand.
        """,
        speaks(r"(?<![a-z])bucket(?!s)|(?<![a-z])e_?tag(?![a-z])|minio", "vault/objects"),
        wrong=(
            ("vault/recordings.py", "client.get_object(bucket, name)"),
            ("vault/recordings.py", "answer.etag"),
            ("vault/web/viewing.py", "headers['ETag'] = digest"),
            ("ingest/receiving.py", "from minio import Minio"),
            ("console/up.py", "make(bucket_name='x')"),
        ),
        right=(
            ("vault/objects/s3.py", "from minio import Minio\nbucket = etag"),
            ("vault/metrics.py", "Histogram('x', buckets=(1, 2))\nstage = page_tag"),
        ),
    ),
    Rule(
        "one function appends to the trail",
        """
        Every entry has its salted commitment, its pseudonyms and its sealed payload because one function,
        append() in vault/audit, makes them; and no entry is ever changed. Call append() with an Event, in the
        transaction of the effect it tells.
        """,
        writes_the_trail,
        wrong=(
            ("vault/grants.py", "session.add(AuditEntry(id=1))"),
            ("ingest/tus.py", "session.execute(insert(AuditEntry).values(id=1))"),
            ("vault/disposal.py", "session.execute(sa.delete(tables.AuditEntry))"),
            ("vault/disposal.py", "session.execute(update(AuditPayload))"),
            ("console/demo.py", "text('INSERT INTO audit_entry VALUES (1)')"),
        ),
        right=(
            ("vault/audit.py", "insert(AuditEntry)"),
            ("vault/audit/trail.py", "insert(AuditEntry)"),
            ("vault/trail.py", "select(AuditEntry).where(AuditEntry.id == 1)"),
            ("vault/migrations/0001.py", "text('BEFORE UPDATE OR DELETE ON audit_entry')"),
        ),
    ),
    Rule(
        "only console prints",
        """
        What a process prints nobody can filter, count or keep free of names. Log an event with structlog; a
        person in front of a terminal is spoken to by console.
        """,
        prints,
        wrong=(("vault/grants.py", "print('granted')"), ("ingest/tus.py", "def f():\n    print()")),
        right=(("console/demo.py", "print('granted')"), ("vault/grants.py", "fingerprint(1)")),
    ),
)


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_the_house_keeps_it(rule: Rule) -> None:
    hold(rule, sources(*ROOMS))


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_the_rule_can_fail(rule: Rule) -> None:
    prove(rule)


def test_the_vocabulary_is_read() -> None:
    assert {"klacht", "inzageverzoek", "functioneringsgesprek", "noordwijk", "den-helder"} <= vocabulary()
