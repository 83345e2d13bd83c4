"""The state behind the control plane: what tests read, fill, turn and empty. No vendor behaviour, no wire."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from app.simulators.clock import SimClock
from app.simulators.faults import FaultPlan
from app.simulators.salesforce import records
from app.simulators.salesforce.errors import TOKEN_ERRORS, Refusal
from app.simulators.salesforce.flags import OrgFlags
from app.simulators.salesforce.gateway import Gateway
from app.simulators.salesforce.guards import lock
from app.simulators.salesforce.knobs import Knobs
from app.simulators.salesforce.meters import Meters
from app.simulators.salesforce.oauth import CLIENT_ID, RUN_AS, load_key
from app.simulators.salesforce.org import Org, make_org
from app.simulators.salesforce.schema import ObjectSchema
from app.simulators.salesforce.soql import parse_condition

RULES = ("validation_rules", "throwing_triggers")


class SalesforceState:
    """An org and its controls; implements `app.simulators.control.Controlled`."""

    def __init__(
        self, clock: SimClock, seed: int, flags: OrgFlags, folders: Iterable[Path], jwt_key: str | None
    ) -> None:
        self._seed, self._flags, self._folders = seed, flags, tuple(folders)
        self._first_key = jwt_key
        self.clock = clock
        self._start(FaultPlan(seed))

    def _start(self, faults: FaultPlan) -> None:
        self.org: Org = make_org(self.clock, self._seed, self._flags, self._folders, Knobs())
        self.org.faults = self.faults = faults
        self.keys: dict[str, RSAPublicKey] = {CLIENT_ID: load_key(self._first_key)} if self._first_key else {}
        self.gateway = Gateway(self.org, self.keys)
        self._furnish()

    def _furnish(self) -> None:
        """What every org has: its integration user, record types, the standard price book."""
        org = self.org
        user = {"Username": RUN_AS, "LastName": "Integration", "FirstName": "User", "Email": RUN_AS, "Alias": "integ"}
        org.user_id = records.plant(org, self._schema("User"), user)
        records.plant(
            org, self._schema("User"), {"Id": org.user_id, "CreatedById": org.user_id, "LastModifiedById": org.user_id}
        )
        for schema in list(org.catalogue):
            for item in schema.record_types:
                if self._flags.on(item.get("flag", "")):
                    values = {"Name": item["name"], "DeveloperName": item["developerName"], "SobjectType": schema.name}
                    if self._flags.person_accounts:
                        values["IsPersonType"] = bool(item.get("person"))
                    record_id = records.plant(org, self._schema("RecordType"), values)
                    org.record_types[record_id] = self._row("RecordType", record_id)
        book = {"Name": "Standard Price Book", "IsActive": True, "IsStandard": True}
        org.standard_book = records.plant(org, self._schema("Pricebook2"), book)
        org.store.commit()

    def _schema(self, kind: str) -> ObjectSchema:
        schema = self.org.catalogue.find(kind)
        if schema is None:
            raise KeyError(kind)
        return schema

    def _row(self, kind: str, record_id: str) -> dict[str, Any]:
        return dict(self.org.store.table(self._schema(kind)).rows[record_id].values)

    # --- Controlled -------------------------------------------------------------------------------------------------

    def meters(self) -> dict[str, Any]:
        """Counters, and the quota as `max`, `used`, `remaining`."""
        used, most = self.org.quota.used(), self.org.knobs.quota_max
        return {**self.org.meters.describe(), "quota": {"max": most, "used": used, "remaining": max(0, most - used)}}

    def records(self, kind: str) -> list[dict[str, Any]]:
        """All records of an object with every stored field, the bin included. KeyError for an unknown object."""
        return [dict(row.values) for row in self.org.store.table(self._schema(kind)).rows.values()]

    def seed(self, records_by_kind: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
        """Store records as somebody in the org would; all or none. ValueError says what the org refused."""
        org, planted = self.org, {}
        mark = org.store.mark()
        try:
            for kind, items in records_by_kind.items():
                schema = self._schema(kind)
                ids = [records.plant(org, schema, item) for item in items]
                planted[kind] = [self._row(kind, record_id) for record_id in ids]
        except Refusal as wrong:
            org.store.rollback(mark)
            raise ValueError(str(wrong)) from wrong
        finally:
            org.store.commit()
        return planted

    def configure(self, knobs: Mapping[str, Any]) -> dict[str, Any]:
        """Turn knobs; besides those of `Knobs`: `quota_used`, and `jwt_public_key` (PEM of a key or certificate)."""
        rest = dict(knobs)
        used, pem = rest.pop("quota_used", None), rest.pop("jwt_public_key", None)
        if rest.get("token_error") and rest["token_error"] not in TOKEN_ERRORS:
            raise ValueError(f"unknown token error; known are {sorted(TOKEN_ERRORS)}")
        for name in RULES:
            for rule in rest.get(name, ()):
                try:
                    parse_condition(rule["when"])
                except Refusal as wrong:
                    raise ValueError(f"{name}: {wrong.message}") from wrong
        self.org.knobs.set(rest)
        if used is not None:
            self.org.quota.set(int(used))
        if pem is not None:
            self.keys[CLIENT_ID] = load_key(pem)
        return {**self.org.knobs.describe(), "quota_used": self.org.quota.used(), "jwt_key_registered": bool(self.keys)}

    def reset(self) -> None:
        """A fresh org: only its furniture, no sessions, faults or counters. The clock, maybe shared, stays."""
        self.faults.reset()
        self._start(self.faults)

    # --- more controls ----------------------------------------------------------------------------------------------

    def reset_meters(self) -> None:
        """Counters, ledger and log back to nought; records stay."""
        under_way = self.org.meters.concurrency
        self.org.meters = Meters(concurrency=under_way)
        self.org.ledger.clear()
        self.org.log.clear()

    def merge(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"object", "winner", "losers"}`: join records as a user does."""
        return {"id": self._do(lambda s: records.merge(self.org, s, body["winner"], body["losers"]), body)}

    def delete(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"object", "ids"}`: delete records as a user does."""
        return {"ids": self._do(lambda s: [records.delete(self.org, s, i, records.SYSTEM) for i in body["ids"]], body)}

    def undelete(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"object", "ids"}`: take records out of the recycle bin."""
        return {"ids": self._do(lambda s: [records.undelete(self.org, s, i) for i in body["ids"]], body)}

    def purge(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"object"}`: empty the recycle bin of one object."""
        return {"ids": self._do(lambda s: records.purge(self.org, s), body)}

    def _do(self, work: Any, body: Mapping[str, Any]) -> Any:
        mark = self.org.store.mark()
        try:
            return work(self._schema(body["object"]))
        except Refusal as wrong:
            self.org.store.rollback(mark)
            raise ValueError(str(wrong)) from wrong
        finally:
            self.org.store.commit()

    def lock(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"ids", "seconds"}`: hold records; writes to them and their children are refused."""
        for record_id in body["ids"]:
            lock(self.org, record_id, float(body["seconds"]))
        return {"locked": {i: until.isoformat() for i, until in self.org.locks.items()}}

    def hide(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"object", "fields", "hidden"}`: field-level security for the running user."""
        self.org.catalogue.hide(body["object"], body["fields"], bool(body.get("hidden", True)))
        return {"hidden": sorted(self._schema(body["object"]).hidden)}

    def change_schema(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """A schema file's content: adds an object, or fields to a known one; `remove` drops fields by name."""
        rest = dict(body)
        removed = rest.pop("remove", [])
        if rest.get("fields") or "prefix" in rest:
            self.org.catalogue.extend({"label": rest.get("name"), "fields": [], **rest} if "prefix" in rest else rest)
        schema = self._schema(body["name"])
        for name in removed:
            self.org.catalogue.remove(schema.name, name)
        table = self.org.store.table(self._schema(body["name"]))
        for made in table.schema.all_fields.values():
            for row in table.rows.values():
                row.values.setdefault(made.name, made.default)
        return {"name": table.schema.name, "fields": list(table.schema.fields)}

    def expire_sessions(self, _: Mapping[str, Any]) -> dict[str, Any]:
        """All tokens end now."""
        self.org.sessions.end()
        return {"expired": True}

    def open_transaction(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"open": bool}`: a long transaction begins now (or ends) and holds latestDateCovered back."""
        self.org.knobs.long_transaction_since = self.clock.now().isoformat() if body.get("open", True) else ""
        return {"long_transaction_since": self.org.knobs.long_transaction_since}
