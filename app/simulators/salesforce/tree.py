"""sObject tree: records with their children, inserted all or none. Section 4 of the reference."""

from typing import Any

from app.simulators.salesforce import records
from app.simulators.salesforce.call import Call, Reply
from app.simulators.salesforce.errors import Refusal, refuse
from app.simulators.salesforce.org import Org, Writer
from app.simulators.salesforce.schema import ObjectSchema
from app.simulators.salesforce.verbs import schema_of

LARGEST, LEVELS, KINDS = 200, 5, 5


def _children(item: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {k: v["records"] for k, v in item.items() if isinstance(v, dict) and isinstance(v.get("records"), list)}


def _measure(items: list[Any], level: int, found: dict[str, Any]) -> None:
    found["levels"] = max(found["levels"], level)
    for item in items:
        attributes = item.get("attributes") if isinstance(item, dict) else None
        if not isinstance(attributes, dict) or not {"type", "referenceId"} <= set(attributes):
            raise refuse("INVALID_PARAMETER", text="each record needs attributes with type and referenceId")
        if attributes["referenceId"] in found["references"]:
            raise refuse("INVALID_PARAMETER", text=f"Duplicate ReferenceId provided: {attributes['referenceId']}")
        found["references"].append(attributes["referenceId"])
        found["kinds"].add(str(attributes["type"]).lower())
        for below in _children(item).values():
            _measure(below, level + 1, found)


def _check_size(items: list[dict[str, Any]]) -> None:
    found: dict[str, Any] = {"levels": 0, "references": [], "kinds": set()}
    _measure(items, 1, found)
    for size, most, word in (
        (len(found["references"]), LARGEST, "records"),
        (found["levels"], LEVELS, "levels"),
        (len(found["kinds"]), KINDS, "different types"),
    ):
        if size > most:
            raise refuse("LIMIT_EXCEEDED", text=f"a tree may hold at most {most} {word}")


class _Insertion:
    """One tree being inserted: what went in and what failed, by reference."""

    def __init__(self, org: Org, writer: Writer) -> None:
        self._org, self._writer = org, writer
        self.results: list[dict[str, Any]] = []
        self.failures: list[dict[str, Any]] = []

    def insert(self, schema: ObjectSchema, items: list[dict[str, Any]], link: dict[str, str]) -> None:
        """Insert `items` under the parent in `link`, then their children; a failed record's children are left out."""
        for item in items:
            reference = item["attributes"]["referenceId"]
            below = _children(item)
            own = {k: v for k, v in item.items() if k not in below}
            try:
                self._check_kind(schema, item)
                record_id = records.create(self._org, schema, {**own, **link}, self._writer)
                self.results.append({"referenceId": reference, "id": record_id})
                for relationship, children in below.items():
                    found = self._org.catalogue.child(schema.name, relationship)
                    if found is None:
                        raise refuse("INVALID_FIELD", field=relationship, object=schema.name)
                    self.insert(found[0], children, {found[1].name: record_id})
            except Refusal as error:
                self.failures.append({"referenceId": reference, "errors": [error.as_row()]})

    @staticmethod
    def _check_kind(schema: ObjectSchema, item: dict[str, Any]) -> None:
        if str(item["attributes"]["type"]).lower() != schema.name.lower():
            raise refuse("INVALID_TYPE", object=item["attributes"]["type"])


def insert(org: Org, call: Call, name: str) -> Reply:
    """201 with the ids by reference, or 400 with the failing references and nothing written."""
    schema = schema_of(org, name)
    items = call.mapping().get("records")
    if not isinstance(items, list) or not items:
        raise refuse("MISSING_ARGUMENT", text="records")
    _check_size(items)
    mark = org.store.mark()
    insertion = _Insertion(org, call.writer())
    insertion.insert(schema, items, {})
    if insertion.failures:
        org.store.rollback(mark)
        return Reply(400, {"hasErrors": True, "results": insertion.failures})
    return Reply(201, {"hasErrors": False, "results": insertion.results}, rows=len(insertion.results))
