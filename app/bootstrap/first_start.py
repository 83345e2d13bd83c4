"""What a fresh installation begins with: the connection `default` and its first admin key."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import select

from app.bootstrap.connected import API_VERSION, OFFLINE, OFFLINE_SECRETS, PRODUCTION
from app.config import Settings, is_loopback_url
from app.services import keys
from app.services.context import Context
from app.store.slots import DEFAULT_CAPACITY
from app.store.tables import Connection

DEFAULT_CONNECTION = "default"


@dataclass(frozen=True, slots=True)
class FirstStart:
    """The default connection, and its first admin key when one had to be made: shown once, then forgotten."""

    connection_id: str
    admin_key: str | None = field(repr=False)


async def ensure_default_connection(context: Context, settings: Settings) -> FirstStart:
    """Make the connection `default` and its first admin key where they are missing.

    Offline it points at both simulators, at the ports they have today; in production it is empty until filled.
    """
    now = context.clock.now()
    async with context.begin() as session:
        row = (await session.exec(select(Connection).where(Connection.name == DEFAULT_CONNECTION))).one_or_none()
        if row is None:
            row = _first_connection(context, settings, now)
            session.add(row)
            await session.flush()
        elif row.environment == OFFLINE and not settings.production:
            _follow_simulators(row, settings, now)
            session.add(row)
        admin_key = None
        if settings.admin_key is not None:
            await keys.fix_admin(context, session, row.id, settings.admin_key.get_secret_value())
        elif not await keys.has_admin(session, row.id, now):
            admin_key = (await keys.create(context, row.id, "first admin", keys.Role.ADMIN, session=session)).plain
    return FirstStart(row.id, admin_key)


def offline_settings(settings: Settings) -> dict[str, Any]:
    """Settings of a connection to both simulators of this machine."""
    return {
        "salesforce": {
            "login_url": f"http://127.0.0.1:{settings.salesforce_sim_port}",
            "client_id": "client",
            "api_version": API_VERSION,
            "auth": "client_credentials",
        },
        "intacct": {
            "url": f"http://127.0.0.1:{settings.intacct_sim_port}/ia/xml/xmlgw.phtml",
            "sender_id": "sender",
            "company_id": "demo",
            "user_id": "api",
            "entity_id": "",
            "rest_url": f"http://127.0.0.1:{settings.intacct_sim_port}/ia/api/v1",
            "rest_client_id": "client",
        },
        **_common_settings(),
    }


def _common_settings() -> dict[str, Any]:
    concurrency = {system.value: places for system, places in DEFAULT_CAPACITY.items()}
    return {"namespace": "ia_crm", "link_field": "SFDC_ID", "concurrency": concurrency}


def _first_connection(context: Context, settings: Settings, now: datetime) -> Connection:
    live = settings.production
    return Connection(
        id=context.new_id(),
        name=DEFAULT_CONNECTION,
        environment=PRODUCTION if live else OFFLINE,
        settings={"salesforce": {}, "intacct": {}, **_common_settings()} if live else offline_settings(settings),
        secrets="" if live else context.vault.seal(OFFLINE_SECRETS),
        created_at=now,
        updated_at=now,
    )


def _follow_simulators(row: Connection, settings: Settings, now: datetime) -> None:
    """The simulators may have other ports than at the last start; addresses a person chose are left alone."""
    current, fresh = row.settings, offline_settings(settings)
    moved = dict(current)
    for part, name in (("salesforce", "login_url"), ("intacct", "url"), ("intacct", "rest_url")):
        there = (current.get(part) or {}).get(name, "")
        if is_loopback_url(there) and there != fresh[part][name]:
            moved[part] = {**moved[part], name: fresh[part][name]}
    if moved != current:
        row.settings, row.version, row.updated_at = moved, row.version + 1, now
