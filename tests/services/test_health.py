"""Readiness: what is looked at, what is required, and what to do when it fails."""

import sqlite3
from typing import NoReturn

from app.domain.errors import Kind, SyncError
from app.services import health
from app.services.context import Context
from app.services.health import Check, Readiness
from app.store.session import open_engine, session_maker
from app.store.tables import Connection
from app.sync.ports import FieldInfo, Schema
from tests.houses import OnePair, complete_intacct, complete_salesforce, make_context


async def look(context: Context, home: Connection) -> Readiness:
    return await health.readiness(context, home.id)


def failed(known: Readiness) -> dict[str, Check]:
    return {check.name: check for check in known.checks if not check.ok}


async def test_a_complete_set_up_is_ready(context: Context, home: Connection) -> None:
    known = await look(context, home)
    assert known.ready
    assert failed(known) == {}
    assert {check.name for check in known.checks} >= {"database", "salesforce", "intacct", "account.fields"}


async def test_each_side_that_refuses_us_is_named(context: Context, home: Connection, backends: OnePair) -> None:
    backends.salesforce.refusal = SyncError(
        Kind.PERMISSION, "api_disabled", "The user may not use the API.", "Allow it."
    )
    backends.intacct.refusal = SyncError(Kind.AUTH, "login_refused", "Login refused.")
    known = await look(context, home)
    assert not known.ready
    assert set(failed(known)) == {"salesforce", "intacct"}
    assert failed(known)["salesforce"].advice == "Allow it."


async def test_missing_credentials_are_told_before_anybody_is_called(
    context: Context, home: Connection, backends: OnePair
) -> None:
    backends.refusal = SyncError(Kind.CONFIG, "connection_incomplete", "The connection lacks intacct.user_id.")
    known = await look(context, home)
    assert set(failed(known)) == {"credentials"}
    assert not known.ready


async def test_a_missing_mapped_field_is_listed_and_the_rest_goes_on(
    context: Context, home: Connection, backends: OnePair
) -> None:
    backends.salesforce.kinds["Account"].remove("ia_crm__Term__c")
    known = await look(context, home)
    assert known.ready
    assert "ia_crm__Term__c ↔ TERMNAME" in failed(known)["account.fields.mapped"].message


async def test_without_the_field_for_our_answer_nothing_is_ready(
    context: Context, home: Connection, backends: OnePair
) -> None:
    backends.salesforce = complete_salesforce(namespace="other")
    known = await look(context, home)
    assert not known.ready
    assert "ia_crm__IntacctID__c" in failed(known)["account.fields"].message


async def test_a_missing_link_field_is_advised_about(context: Context, home: Connection, backends: OnePair) -> None:
    backends.intacct = complete_intacct(link_field="OTHER")
    known = await look(context, home)
    assert known.ready
    assert "link field" in failed(known)["account.linkField"].advice


async def test_a_missing_object_is_required(context: Context, home: Connection, backends: OnePair) -> None:
    del backends.intacct.kinds["CONTACT"]
    known = await look(context, home)
    assert not known.ready
    assert set(failed(known)) == {"contact.fields"}


async def test_fields_we_may_not_write_are_named(context: Context, home: Connection, backends: OnePair) -> None:
    class Locked(type(backends.salesforce)):  # type: ignore[misc]
        async def describe(self, kind: str) -> Schema:
            schema: Schema = await super().describe(kind)
            fields = dict(schema.fields)
            if kind == "Account":
                fields["Phone"] = FieldInfo("Phone", "phone", updateable=False)
                fields["ParentId"] = FieldInfo("ParentId", "reference", updateable=False)  # read only by us
            return Schema(kind, fields)

    backends.salesforce = Locked(backends.salesforce.system, backends.salesforce.kinds)
    known = await look(context, home)
    message = failed(known)["account.fields.permissions"].message
    assert "Phone" in message
    assert "ParentId" not in message


async def test_a_queue_that_does_not_answer_delays_but_does_not_stop(context: Context, home: Connection) -> None:
    async def away() -> bool:
        return False

    known = await health.readiness(context, home.id, away)
    assert known.ready
    assert set(failed(known)) == {"queue"}


async def test_a_database_that_does_not_answer_is_the_only_news() -> None:
    async def refuse() -> NoReturn:
        raise sqlite3.OperationalError("unable to open database file")

    engine = open_engine("sqlite+aiosqlite:///nowhere.db", creator=refuse)
    known = await health.readiness(make_context(session_maker(engine)), "c-default")
    await engine.dispose()
    assert not known.ready
    assert set(failed(known)) == {"database"}
