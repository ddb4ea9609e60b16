"""The command line: ``bodycam-vault``. Each command puts the rooms together and calls one verb."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import prometheus_client
import structlog
import typer

from auditor import watching
from auditor.cli import REFUSALS as AUDITOR_REFUSALS
from console import audit, checking, early, holds, keys, policy, registering, retention, signals
from console.certificates import certificate
from console.embedded import Embedded, HomeRefused, NotReady
from console.evidence import evidence
from console.keeper import Keeper
from console.registering import operator
from ingest.app import make_app as make_ingest
from ingest.app import open_intake
from policies.problems import RuleSetInvalid
from vault import logs, quarantine, rule_records
from vault.disposal.beginning import NotThere
from vault.disposal.certificates import CertificateAltered, NotDisposed
from vault.disposal.early import ErasureClosed, ErasureWaiting, HeldFirst, NotAsker, OwnErasure
from vault.disposal.key_destruction import DestructionBegun, DestructionClosed, KeysInUse, OwnDestruction
from vault.disposal.proving import EntryPruned
from vault.erasure.epochs import EpochStays
from vault.evidence.making import PeriodToCome
from vault.evidence.periods import PeriodUnreadable
from vault.facts import Unknown
from vault.holds.lifting import AlreadyLifted, NotItsRelease
from vault.holds.placing import TriggerTooLate, TriggerUnknown
from vault.holds.rows import TooLate
from vault.keys import KeyRingError
from vault.log.exporting import ExportRefused
from vault.log.reading import NotNumbered
from vault.log.witnesses import CosignatureRefused
from vault.objects import StoreUnavailable
from vault.regimes import RegimeFixed, RegimeUnchanged
from vault.registry import AlreadyRegistered, DockKeyRefused, NotRegistered, RoleUnknown
from vault.rule_changes import OwnProposal, ProposalClosed, ProposalOutdated, RulesUnchanged
from vault.rulesets import RuleSetAltered, RuleSetMissing
from vault.schema import SchemaOutdated, migrate, require_newest
from vault.settings import Settings, SettingsRefused, load
from vault.signals.digests import WeekUnknown
from vault.vault import Vault, database_of, open_vault, store_of
from vault.web.app import make_app as make_vault
from vault.web.server import serve
from vault.web.tokens import IssuerRefused

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
app.add_typer(audit.app, name="audit")
app.add_typer(watching.app, name="witness")
app.add_typer(keys.app, name="keys")
app.add_typer(registering.app, name="register")
app.add_typer(policy.app, name="policy")
app.command("evidence")(evidence)
app.command("check")(checking.check)
app.command("reap")(checking.run_reap)
app.command("certificate")(certificate)
app.add_typer(signals.app, name="signals")
app.add_typer(holds.app, name="hold")
app.command("regime")(holds.change_regime)
app.add_typer(retention.app, name="retention")
app.add_typer(early.app, name="erasure")

REFUSALS = (
    SettingsRefused,
    KeyRingError,
    RuleSetInvalid,
    RuleSetMissing,
    RuleSetAltered,
    RulesUnchanged,
    ProposalClosed,
    ProposalOutdated,
    OwnProposal,
    Unknown,
    SchemaOutdated,
    StoreUnavailable,
    IssuerRefused,
    AlreadyRegistered,
    NotRegistered,
    DockKeyRefused,
    RoleUnknown,
    PeriodUnreadable,
    PeriodToCome,
    WeekUnknown,
    HomeRefused,
    NotReady,
    EpochStays,
    HeldFirst,
    ErasureWaiting,
    ErasureClosed,
    OwnErasure,
    NotAsker,
    NotThere,
    DestructionBegun,
    DestructionClosed,
    KeysInUse,
    OwnDestruction,
    ExportRefused,
    NotDisposed,
    CertificateAltered,
    NotNumbered,
    EntryPruned,
    CosignatureRefused,
    TooLate,
    TriggerUnknown,
    TriggerTooLate,
    AlreadyLifted,
    NotItsRelease,
    RegimeFixed,
    RegimeUnchanged,
    *AUDITOR_REFUSALS,
)
"""What a person at the command line can do something about: said in one line, without a traceback."""


def main() -> None:
    """Run the command line; what refuses to start says why and exits with 2."""
    # Whatever a process of ours makes, a database file or a log, is for its own user only.
    os.umask(0o077)
    try:
        app()
    except REFUSALS as error:
        text = str(error)
        story = type(error).__doc__ or ""
        known = text if text.startswith(story) else f"{text or type(error).__name__}\n{story}"
        typer.echo(known, err=True)
        sys.exit(2)


@app.command("vault")
def run_vault() -> None:
    """Run the vault: requests, decisions, viewing, the trail."""
    with _process("vault") as settings:
        vault = open_vault(settings)
        require_newest(vault.database)
        _record_rules(vault)
        serve(make_vault(vault, settings), settings.vault_listen, stop_seconds=settings.stop_seconds)


@app.command("ingest")
def run_ingest() -> None:
    """Run the docks' door."""
    with _process("ingest") as settings:
        intake = open_intake(settings)
        require_newest(intake.database)
        intake.tell_closed()
        serve(make_ingest(intake), settings.ingest_listen, stop_seconds=settings.stop_seconds)


@app.command("keeper")
def run_keeper() -> None:
    """Run the keeper: reaping, and the nightly check of everything."""
    with _process("keeper") as settings:
        vault = open_vault(settings)
        require_newest(vault.database)
        _record_rules(vault)
        keeper = Keeper(vault, settings)
        scheduler = keeper.schedule()
        scheduler.start()
        try:
            serve(keeper.app(), settings.keeper_listen, stop_seconds=settings.stop_seconds)
        finally:
            scheduler.shutdown()


@app.command("migrate")
def run_migrate() -> None:
    """Bring the database's schema, and the object store's bucket or directory, to this version."""
    settings = load()
    migrate(database_of(settings), ingest_role=settings.database_ingest_role)
    store_of(settings, create=True)


@app.command("quarantine")
def run_quarantine(municipality: str) -> None:
    """List what could not be kept, and why: camera, dock, reason, and until when it stays."""
    settings = load()
    vault = open_vault(settings)
    for found in quarantine.listed(vault, municipality, operator(), now=datetime.now(UTC)):
        ends = holds.until(found.dispose_after)
        typer.echo(f"{found.recording}  {found.reason:<24} {found.camera:<16} {found.dock:<24} until {ends}")


@app.command("up")
def run_up(
    home: Annotated[Path, typer.Option(help="Folder of the installation; made when missing.")],
    issuer: Annotated[str, typer.Option(help="Issuer of staff tokens.")],
    audience: Annotated[str, typer.Option(help="What staff tokens name as their audience.")],
    municipality: Annotated[list[str], typer.Option(help="Rule set to serve; may be given again.")],
    port: Annotated[int, typer.Option(help="The vault's; ingest and keeper take the two after it.")] = 8000,
    origin: keys.Origin = None,
) -> None:
    """Run vault, ingest and keeper on this machine, on SQLite and a directory."""
    embedded = Embedded(
        home.absolute(), issuer, audience, {"vault": port, "ingest": port + 1, "keeper": port + 2}
    )
    _stop_when_told()
    embedded.prepare(municipality, origin=origin)
    try:
        embedded.start()
        typer.echo(f"vault {embedded.url('vault')}   ingest {embedded.url('ingest')}   logs {embedded.home}")
        ended = embedded.wait()
        typer.echo(f"{ended} ended; read {embedded.log_of(ended)}", err=True)
    except KeyboardInterrupt:
        typer.echo("finishing what is under way …")
    finally:
        embedded.stop()


@app.command("demo")
def run_demo(
    once: Annotated[bool, typer.Option(help="Exit at the end, non-zero when a step went wrong.")] = False,
    footage: Annotated[Path | None, typer.Option(help="Folder of files to use instead of made ones.")] = None,
) -> None:
    """Play the whole story on this machine, in a fictional municipality."""
    from console.demo.story import play  # needs what only the demo needs

    _stop_when_told()
    raise typer.Exit(play(once=once, footage=footage))


def _record_rules(vault: Vault) -> None:
    """Record what is in force where it is not yet; a folder that says otherwise is told, not followed."""
    for municipality in rule_records.record(vault, now=datetime.now(UTC)):
        structlog.get_logger().warning("rules.folder-differs", why=municipality)


def _stop_when_told() -> None:
    """Take a signal to end as Ctrl-C, so that the processes we started are ended too."""

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)


@contextmanager
def _process(name: str) -> Iterator[Settings]:
    settings = load()
    logs.configure(name)
    if settings.metrics_listen:
        host, _, port = settings.metrics_listen.rpartition(":")
        prometheus_client.start_http_server(int(port), host)
    structlog.get_logger().info("starting")
    yield settings
    structlog.get_logger().info("stopped")
