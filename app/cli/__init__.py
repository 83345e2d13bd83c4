"""`tandem`: the one command. Starts processes and calls services; no rule about records stands here.

This package alone may start simulators and the embedded queue server.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
import uvicorn
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError
from uvicorn.importer import import_from_string

from app import telemetry
from app.bootstrap import OFFLINE, FirstStart, ensure_default_connection, open_container
from app.cli import catalogue
from app.cli.access import connections_app, keys_app
from app.cli.children import ChildError
from app.cli.demo.accounts import AccountsError
from app.cli.demo.caller import DemoError
from app.cli.demo.run import Story, play
from app.cli.demo.show import numbers, show
from app.cli.stack import Simulators, Stack
from app.config import Settings, SettingsError, load_settings
from app.domain.errors import SyncError
from app.domain.records import Lane
from app.objects import CATALOGUE
from app.services.catalogue import objects_markdown
from app.services.option_pages import options_markdown
from app.services.unlinking import forget_links
from app.store import migrations

APPLICATION = "app.main:create_app"
AS_TEXT = "app.api.application:as_text"
"""Loaded by name: only `api` and `openapi` pay for importing the API."""

GRACEFUL_SECONDS = 10

cli = typer.Typer(
    help="Keeps Salesforce and Sage Intacct in step.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
cli.add_typer(keys_app, name="keys")
cli.add_typer(connections_app, name="connections")


def main() -> None:
    """The entry point: failures an operator can mend are one sentence and exit code 2."""
    try:
        cli()
    except (SettingsError, ChildError, AccountsError, DemoError, PermissionError) as wrong:
        sys.stderr.write(f"{wrong}\n")
        sys.exit(2)
    except SyncError as refused:
        sys.stderr.write(f"{refused.message} {refused.advice}\n")
        sys.exit(2)
    except (SQLAlchemyError, ConnectionError) as broken:
        cause = type(broken.__cause__ or broken).__name__
        sys.stderr.write(f"The database cannot be used ({cause}): run `tandem migrate`, or correct DATABASE_URL.\n")
        sys.exit(2)


@cli.command()
def up() -> None:
    """Start everything on this machine and keep it running until Ctrl-C."""
    settings = load_settings()
    known = (settings.data_dir / "tandem.db").exists()

    async def body() -> None:
        async with Stack(settings, typer.echo) as stack:
            typer.echo("\n".join(_greeting(stack, continued=known)))
            await asyncio.Event().wait()

    _run_until_signal(body)
    typer.echo("Stopped.")


@cli.command()
def demo(
    accounts: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A CSV file whose header names Account fields.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="End with the figures as one line of JSON.")] = False,
) -> None:
    """Bring accounts to Intacct in an installation of its own, and check every number; exit 1 when one is off."""
    settings = load_settings()
    stories: list[Story] = []

    async def body() -> None:
        stories.append(await play(settings, accounts, typer.echo))

    _run_until_signal(body)
    if not stories:
        raise typer.Exit(130)
    show(stories[0], Console())
    figures = numbers(stories[0])
    for sentence in figures["problems"]:
        typer.echo(f"OFF: {sentence}")
    if as_json:
        typer.echo(msgspec.json.encode(figures))
    raise typer.Exit(0 if figures["ok"] else 1)


@cli.command()
def api() -> None:
    """Serve the API."""
    settings = load_settings()
    telemetry.configure_logging(settings.log_level)
    uvicorn.run(
        import_from_string(APPLICATION)(settings),
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )


@cli.command()
def worker(lane: Annotated[Lane, typer.Option(help="Whose work is done: a waiting person's, or mass runs.")]) -> None:
    """Work on one lane until SIGTERM; the current batches are finished."""
    load_settings()
    os.execv(sys.executable, [sys.executable, "-m", "workers.main", lane.value])  # noqa: S606 - our own module


@cli.command()
def migrate(
    as_json: Annotated[bool, typer.Option("--json", help="Answer for programs.")] = False,
    empty_simulators: Annotated[
        bool, typer.Option("--empty-simulators", help="The simulators start empty: forget offline links.", hidden=True)
    ] = False,
) -> None:
    """Bring the database to this version's schema; at first make the default connection and its admin key."""
    made = asyncio.run(_migrate(load_settings(), empty_simulators=empty_simulators))
    if as_json:
        typer.echo(msgspec.json.encode({"connectionId": made.connection_id, "adminKey": made.admin_key}))
        return
    typer.echo("The database is up to date.")
    if made.admin_key:
        typer.echo(f"Admin key (shown this once): {made.admin_key}")


@cli.command()
def simulators() -> None:
    """Run both simulators until Ctrl-C."""
    settings = load_settings()

    async def body() -> None:
        async with Simulators(settings, typer.echo) as running:
            typer.echo(f"Salesforce {running.salesforce_url}\nIntacct    {running.intacct_url}")
            await asyncio.Event().wait()

    _run_until_signal(body)


@cli.command()
def openapi(
    path: Annotated[Path, typer.Argument(help="The file to write; - for the output.")] = Path("openapi/openapi.json"),
) -> None:
    """Write the API's document."""
    text = import_from_string(AS_TEXT)(import_from_string(APPLICATION)(load_settings()).openapi())
    if str(path) == "-":
        typer.echo(text, nl=False)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@cli.command("lint-objects")
def lint_objects(
    write: Annotated[bool, typer.Option("--write", help="Write the document of objects anew.")] = False,
    path: Annotated[Path, typer.Option(help="Where the document stands.")] = catalogue.DOCUMENT,
) -> None:
    """Check the declarations, and that their documents (objects, and options beside it) are up to date."""
    found = catalogue.all_problems(CATALOGUE.values())
    for place, text in {path: objects_markdown(), path.with_name("options.md"): options_markdown()}.items():
        if write:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        elif not place.exists() or place.read_text(encoding="utf-8") != text:
            found.append(f"{place} is not up to date: run `tandem lint-objects --write`.")
    for sentence in found:
        typer.echo(sentence)
    if found:
        raise typer.Exit(1)
    typer.echo(f"{len(CATALOGUE)} objects, no problems.")


async def _migrate(settings: Settings, *, empty_simulators: bool) -> FirstStart:
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    await migrations.upgrade(settings.database)
    async with open_container(settings, role="migrate") as container:
        first = await ensure_default_connection(container.context, settings)
        if empty_simulators and not settings.production:
            await forget_links(container.context, OFFLINE)
        return first


def _run_until_signal(body: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run `body`; SIGINT or SIGTERM cancels it once, and it ends in its own good order."""

    async def guarded() -> None:
        task = asyncio.ensure_future(body())
        asked = asyncio.Event()

        def ask() -> None:
            if not asked.is_set():
                asked.set()
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, ask)
        try:
            await task
        except asyncio.CancelledError:
            if not asked.is_set():
                raise

    asyncio.run(guarded())


def _greeting(stack: Stack, *, continued: bool) -> list[str]:
    settings = stack.settings
    lines = ["", "Tandem is ready.", f"  API         {stack.url}"]
    if not settings.production:
        lines += [
            f"  Salesforce  {stack.salesforce_url}  (simulated)",
            f"  Intacct     {stack.intacct_url}  (simulated)",
        ]
    lines.append(f"  Data, logs  {settings.data_dir}")
    if stack.admin_key and settings.admin_key is None:
        lines.append(f"  Admin key   {stack.admin_key}  (shown this once)")
    if continued and not settings.production:
        lines.append("  The simulators started empty and do not know the records of earlier runs.")
        lines.append(f"  To begin anew, stop and remove {settings.data_dir}.")
    return [*lines, "Press Ctrl-C to stop.", ""]
