"""`tandem keys ...` and `tandem connections ...`: what an operator sets up on the machine. Services do the work."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from app.bootstrap import DEFAULT_CONNECTION, open_container
from app.config import load_settings
from app.domain.errors import Kind, SyncError
from app.services import connections, keys, sealing
from app.services.context import Context
from app.services.keys import Role
from app.store.tables import ApiKey, Connection

T = TypeVar("T")

keys_app = typer.Typer(help="API keys: a key is shown once, when it is made.", no_args_is_help=True)
connections_app = typer.Typer(
    help="Connections: their settings, and secrets that never come out.", no_args_is_help=True
)

Named = Annotated[str, typer.Option("--connection", help="The connection's name.")]


@asynccontextmanager
async def _opened() -> AsyncIterator[Context]:
    async with open_container(load_settings(), role="cli") as container:
        yield container.context


def _with(name: str, work: Callable[[Context, Connection], Awaitable[T]]) -> T:
    """Run `work` with the connection called `name`. Raises SyncError CONFIG `connection_unknown`."""

    async def body() -> T:
        async with _opened() as context:
            row = next((row for row in await connections.everyone(context) if row.name == name), None)
            if row is None:
                raise SyncError(Kind.CONFIG, "connection_unknown", f"There is no connection called {name!r}.")
            return await work(context, row)

    return asyncio.run(body())


@keys_app.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="Who will use it.")],
    role: Annotated[Role, typer.Option(help="Each role includes those before it.")] = Role.CALLER,
    days: Annotated[float | None, typer.Option(help="How long it lives; for ever if not given.")] = None,
    connection: Named = DEFAULT_CONNECTION,
) -> None:
    """Make a key and print it, this once."""
    ttl = timedelta(days=days) if days is not None else None
    typer.echo(_with(connection, lambda context, row: keys.create(context, row.id, name, role, ttl)).plain)


@keys_app.command("list")
def list_keys(connection: Named = DEFAULT_CONNECTION) -> None:
    """Show the keys of a connection, without what would let anybody use them."""
    rows = _with(connection, lambda context, row: keys.listed(context, row.id))
    table = Table("id", "name", "role", "begins with", "created", "last used", "ends", "state")
    for row in rows:
        ends = row.revoked_at or row.expires_at
        table.add_row(
            *(row.id, row.name, row.role, row.hint),
            *(_moment(row.created_at), _moment(row.last_used_at), _moment(ends), _state(row)),
        )
    Console().print(table)


@keys_app.command("rotate")
def rotate_key(
    key_id: str,
    hours: Annotated[float, typer.Option(help="How long the old key works on.")] = keys.OVERLAP.total_seconds() / 3600,
    connection: Named = DEFAULT_CONNECTION,
) -> None:
    """Make a successor, print it, and let the old key end."""
    overlap = timedelta(hours=max(0.0, hours))
    typer.echo(_with(connection, lambda context, row: keys.rotate(context, row.id, key_id, overlap)).plain)


@keys_app.command("revoke")
def revoke_key(key_id: str, connection: Named = DEFAULT_CONNECTION) -> None:
    """End a key at once."""
    _with(connection, lambda context, row: keys.revoke(context, row.id, key_id))
    typer.echo(f"{key_id} is revoked.")


@connections_app.command("list")
def list_connections() -> None:
    """Show all connections."""

    async def body() -> list[Connection]:
        async with _opened() as context:
            return await connections.everyone(context)

    table = Table("name", "environment", "enabled", "salesforce", "intacct")
    for row in asyncio.run(body()):
        ends = (
            (row.settings.get(part) or {}).get(name)
            for part, name in (("salesforce", "login_url"), ("intacct", "company_id"))
        )
        table.add_row(row.name, row.environment, "yes" if row.enabled else "no", *(str(end or "-") for end in ends))
    Console().print(table)


@connections_app.command("show")
def show_connection(name: Annotated[str, typer.Argument()] = DEFAULT_CONNECTION) -> None:
    """Show the settings of a connection, and which secrets are set."""
    described = _with(name, lambda context, row: connections.describe(context, row.id))
    console = Console()
    console.print_json(data={"environment": described.row.environment, **described.row.settings})
    console.print("Secrets set: " + (", ".join(sorted(described.secrets_set)) or "none"))


@connections_app.command("set")
def set_connection(
    name: Annotated[str, typer.Argument(help="The connection's name.")],
    settings: Annotated[
        list[str] | None, typer.Argument(help="intacct.company_id=acme ...; nothing after = removes.")
    ] = None,
    environment: Annotated[str | None, typer.Option(help="production, sandbox or offline.")] = None,
    secret: Annotated[
        list[str] | None, typer.Option(help="Name of a secret; asked for, or a line of the input.")
    ] = None,
    secret_file: Annotated[
        list[str] | None, typer.Option(help="NAME=PATH of a secret in a file, such as a key.")
    ] = None,
) -> None:
    """Change settings and secrets of a connection; what is not named stays."""
    secrets = {word: _ask(word) for word in secret or []}
    for word in secret_file or []:
        key, _, path = word.partition("=")
        secrets[key] = Path(path).read_text()
    wanted = parse_settings(settings or [])
    described = _with(
        name,
        lambda context, row: connections.change(
            context, row.id, environment=environment, settings=wanted, secrets=secrets
        ),
    )
    typer.echo(f"{name} is at version {described.row.version}.")


@connections_app.command("reseal")
def reseal_connections() -> None:
    """Encrypt all secrets anew with the first of TANDEM_SECRET_KEYS."""

    async def body() -> int:
        async with _opened() as context:
            return await sealing.reseal(context)

    typer.echo(f"{asyncio.run(body())} connections sealed with the first key.")


def parse_settings(words: list[str]) -> dict[str, Any]:
    """`["intacct.company_id=acme", "concurrency.intacct=2"]` as nested settings; an empty value is None.

    Raises typer.BadParameter for a word without `=`.
    """
    parsed: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise typer.BadParameter(f"{word!r} is not NAME=VALUE")
        group, dot, key = name.partition(".")
        value: str | int | None = int(text) if group == "concurrency" and text.isdigit() else text or None
        if dot:
            parsed.setdefault(group, {})[key] = value
        else:
            parsed[group] = value
    return parsed


def _ask(name: str) -> str:
    if sys.stdin.isatty():
        return str(typer.prompt(name, hide_input=True))
    return sys.stdin.readline().rstrip("\n")


def _state(row: ApiKey) -> str:
    if row.revoked_at is not None:
        return "revoked"
    return "live" if keys.is_live(row, datetime.now(row.created_at.tzinfo)) else "ended"


def _moment(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M") if at else "-"
