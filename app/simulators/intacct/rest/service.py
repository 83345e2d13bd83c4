"""What a request does: list, read, create, update, delete, batches, query, model, session bridge. No wire, no waiting.

Each call runs in one go, so that it is atomic in simulated time; what it wrote stands in the same ledger and is
counted by the same meters as the XML gateway's functions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.simulators.faults import Fault, FaultKind
from app.simulators.intacct.errors import Refused, VendorError
from app.simulators.intacct.execution import Books
from app.simulators.intacct.records import Draft
from app.simulators.intacct.rest import errors
from app.simulators.intacct.rest.errors import RestRefused
from app.simulators.intacct.rest.idempotency import Answer
from app.simulators.intacct.rest.model import model_of
from app.simulators.intacct.rest.query import Query
from app.simulators.intacct.rest.resources import Resource, load_resources
from app.simulators.intacct.rest.shapes import draft_of, full, link
from app.simulators.intacct.rest.tokens import Caller
from app.simulators.intacct.sessions import COMPANY_ID, Session
from app.simulators.intacct.tables import Values
from app.simulators.intacct.views import View
from app.simulators.intacct.writing import Author, Writer

MOST = 500
VERBS = {"POST": "create", "PATCH": "update", "DELETE": "delete"}


@dataclass
class Call:
    """One admitted request. `fault` is the one that strikes its records, None as a rule."""

    caller: Caller
    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    key: str = ""
    atomic: bool = False
    fault: Fault | None = None


class Service:
    """Carries out calls on the books."""

    def __init__(self, books: Books, support_id: Callable[[], str]) -> None:
        self._books, self._support_id = books, support_id
        self.resources = load_resources()

    def tag(self, method: str, path: str, body: Any) -> str:
        """What faults are matched against: `create:order-entry/price-list`, `query:...`, `lookup:`, `token`."""
        if path == "oauth2/token":
            return "token"
        if path == "services/core/query":
            return f"query:{body.get('object', '') if isinstance(body, dict) else ''}"
        if path.startswith("services/core/model"):
            return "lookup:"
        name, _ = self._split(path)
        return f"{VERBS.get(method, 'read')}:{name}"

    def answer(self, call: Call) -> Answer:
        """Status and body. RestRefused for a refusal as a whole."""
        if call.path == "services/core/query":
            return self._query(call)
        if call.path == "services/core/model":
            return self._model(call)
        if call.path == "services/core/session/id":
            return self._session(call)
        name, keys = self._split(call.path)
        resource = self.resources.get(name)
        if resource is None:
            raise errors.unknown_object(call.path)
        if call.method not in resource.methods:
            raise errors.not_allowed(call.method)
        if call.method == "GET":
            return self._read(call, resource, keys) if keys else self._list(call, resource)
        return self._write(call, resource, keys)

    def _split(self, path: str) -> tuple[str, list[str]]:
        parts = path.removeprefix("objects/").split("/") if path.startswith("objects/") else []
        if len(parts) not in (2, 3):
            return "", []
        return "/".join(parts[:2]), parts[2].split(",") if len(parts) == 3 else []

    # -- reads --------------------------------------------------------------------------------------------------------

    def _view(self, call: Call) -> View:
        cut = self._books.company.lag_cut(self._books.faults.read_lag())
        return View(self._books.company, call.caller.location, self._books.shuffler, cut)

    def _query(self, call: Call) -> Answer:
        if call.method != "POST":
            raise errors.not_allowed(call.method)
        if not isinstance(call.body, dict):
            raise errors.no_body()
        query = Query(self._view(call), self.resources, call.body)
        body = query.run()
        self._books.meters.ran("query", f"query:{query.resource.name}", 0, True)
        return Answer(200, body, {})

    def _model(self, call: Call) -> Answer:
        name = call.query.get("name", "").removeprefix("objects/")
        resource = self.resources.get(name)
        if resource is None:
            raise errors.unknown_object(name)
        self._books.meters.ran("lookup", f"lookup:{name}", 0, True)
        return Answer(200, {"ia::result": model_of(self._books.company, resource), "ia::meta": _meta(1, 0)}, {})

    def _session(self, call: Call) -> Answer:
        now = self._books.company.now()
        caller = Session(call.caller.user, COMPANY_ID, call.caller.location, now)
        session = self._books.sessions.open(caller, None)
        expires = int((session.expires - now).total_seconds())
        return Answer(
            200, {"ia::result": {"sessionId": session.key, "expiresIn": expires}, "ia::meta": _meta(1, 0)}, {}
        )

    def _list(self, call: Call, resource: Resource) -> Answer:
        company, view = self._books.company, self._view(call)
        rows = [row for row in view.company.tables[resource.kind].rows(view.cut) if view.sees(row, private=False)]
        shown = [link(company, resource, row) for row in rows[:100]]
        self._books.meters.ran("read", f"read:{resource.name}", 0, True)
        meta = {"totalCount": len(rows), "start": 1, "pageSize": 100, "next": None, "previous": None}
        return Answer(200, {"ia::result": shown, "ia::meta": meta}, {})

    def _read(self, call: Call, resource: Resource, keys: list[str]) -> Answer:
        found = [full(self._books.company, resource, self._row(call, resource, key)) for key in keys]
        self._books.meters.ran("read", f"read:{resource.name}", 0, True)
        return Answer(200, {"ia::result": found if len(found) > 1 else found[0], "ia::meta": _meta(len(found), 0)}, {})

    def _row(self, call: Call, resource: Resource, key: str) -> Values:
        row = None
        if key.isdecimal():
            row = self._view(call).row(resource.schema(self._books.company), "RECORDNO", int(key))
        if row is None:
            raise errors.not_found(resource.name, key)
        return row

    # -- writes -------------------------------------------------------------------------------------------------------

    def _write(self, call: Call, resource: Resource, keys: list[str]) -> Answer:
        items = self._items(call, keys)
        if len(items) > MOST:
            raise RestRefused(400, "invalidRequest", f"A batch takes at most {MOST} records", "REST-1064")
        single = not isinstance(call.body, list) and len(items) == 1
        if single:
            try:
                answer = self._one(call, resource, *items[0])
            finally:
                self._books.company.journal.forget()
            if call.method == "DELETE":
                return Answer(204, None, {})
            return Answer(201 if call.method == "POST" else 200, {"ia::result": answer, "ia::meta": _meta(1, 0)}, {})
        return self._batch(call, resource, items)

    @staticmethod
    def _items(call: Call, keys: list[str]) -> list[tuple[str, dict[str, Any]]]:
        """(key, body) of each record of the request."""
        if call.method == "DELETE":
            if not keys:
                raise errors.not_allowed(call.method)
            return [(key, {}) for key in keys]
        bodies = call.body if isinstance(call.body, list) else [call.body]
        if not bodies or not all(isinstance(body, dict) for body in bodies):
            raise errors.no_body()
        if call.method == "POST":
            if keys:
                raise errors.not_allowed(call.method)
            return [("", body) for body in bodies]
        if keys:
            return [(keys[0], bodies[0])]
        return [(str(body.get("key") or ""), body) for body in bodies]

    def _one(self, call: Call, resource: Resource, key: str, body: dict[str, Any]) -> dict[str, Any]:
        """Carry out one record wholly or not at all; its key, id and link."""
        company, verb = self._books.company, VERBS[call.method]
        schema = resource.schema(company)
        author = Author(call.caller.user, call.caller.location, any_verb=True)
        writer = Writer(company, author)
        wrote, mark = 0, company.journal.mark()
        try:
            self._struck(call)
            if verb == "create":
                row = writer.create(schema, draft_of(company, resource, body, creating=True))
            else:
                row = self._row(call, resource, key)
                if verb == "delete":
                    writer.delete(schema, str(row["RECORDNO"]))
                else:
                    draft = draft_of(company, resource, body, creating=False)
                    needed = {name: str(row[name]) for name in schema.update_needs if name not in draft.fields}
                    draft = Draft({**needed, **draft.fields, "RECORDNO": str(row["RECORDNO"])})
                    row = writer.update(schema, draft)
            wrote = 1
        except Refused as refused:
            company.journal.rollback(mark)
            raise errors.failed(refused.errors, self._support_id()) from refused
        finally:
            self._books.meters.ran(verb, f"{verb}:{resource.name}", wrote, bool(wrote))
        self._books.ledger.write(company.now(), verb, resource.name, call.key, row["RECORDNO"], body)
        return link(company, resource, row)

    def _struck(self, call: Call) -> None:
        if call.fault is None:
            return
        knobs = self._books.knobs
        if call.fault.kind is FaultKind.LOCK_ERROR:
            raise Refused(VendorError(knobs["record_lock_errorno"], knobs["record_lock_text"]))
        raise Refused(VendorError("BL01001973", "Could not complete the operation"))

    def _batch(self, call: Call, resource: Resource, items: list[tuple[str, dict[str, Any]]]) -> Answer:
        """207 by position when anything failed; with the atomic header all are done or none."""
        journal, results, failed = self._books.company.journal, list[dict[str, Any]](), 0
        mark, entries = journal.mark(), len(self._books.ledger)
        for key, body in items:
            try:
                done = self._one(call, resource, key, body)
                results.append({"ia::status": _status(call.method), **done} if call.method != "DELETE" else {})
            except RestRefused as refused:
                failed += 1
                results.append({"ia::status": refused.status, "ia::error": refused.error(self._support_id())})
        if failed and call.atomic:
            self._books.meters.taken_back(len(self._books.ledger) - entries)
            journal.rollback(mark)
            rolled = RestRefused(422, "atomicOperationFailure", "Another record of the request failed")
            results = [
                one if "ia::error" in one else {"ia::status": 422, "ia::error": rolled.error(self._support_id())}
                for one in results
            ]
        journal.forget()
        status = 207 if failed else _status(call.method)
        if status == 204:
            return Answer(204, None, {})
        good = 0 if failed and call.atomic else len(items) - failed
        return Answer(status, {"ia::result": results, "ia::meta": _meta(good, len(items) - good)}, {})


def _status(method: str) -> int:
    return {"POST": 201, "DELETE": 204}.get(method, 200)


def _meta(good: int, bad: int) -> dict[str, int]:
    return {"totalCount": good + bad, "totalSuccess": good, "totalError": bad}
