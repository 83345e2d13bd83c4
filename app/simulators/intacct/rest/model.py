"""The model service: what a resource looks like, made from the stored object's definition."""

from typing import Any

from app.simulators.intacct.company import Company, Path
from app.simulators.intacct.rest.resources import AUDIT, READ_ONLY, Resource

_FORMATS = {
    "DATE": "date",
    "TIMESTAMP": "date-time",
    "DECIMAL": "decimal-precision-2",
    "PERCENT": "decimal-precision-2",
}


def model_of(company: Company, resource: Resource) -> dict[str, Any]:
    """`ia::result` of `GET /services/core/model?name=`."""
    fields = {name: _field(company, resource, name) for name in ("key", *resource.fields)}
    groups = (
        {"audit": {"fields": {n.partition(".")[2]: _field(company, resource, n) for n in AUDIT}}}
        if resource.audit
        else {}
    )
    refs = {
        head: {
            "apiObject": ref.object,
            "fields": {part: _field(company, resource, f"{head}.{part}") for part in ("key", *ref.fields)},
        }
        for head, ref in resource.refs.items()
    }
    return {
        "fields": fields,
        "groups": groups,
        "refs": refs,
        "lists": [],
        "httpMethods": ",".join(("OPTIONS", *resource.methods)),
        "idempotenceSupported": True,
    }


def _field(company: Company, resource: Resource, name: str) -> dict[str, Any]:
    path = resource.path(company, name)
    assert path is not None
    head, _, last = name.rpartition(".")
    fixed = name in READ_ONLY or path.spec.readonly or (head in resource.refs and last not in ("id", "key"))
    shown: dict[str, Any] = {
        "type": _type(path, last),
        "readOnly": fixed,
        "writeOnly": False,
        "required": name in resource.required,
        "nullable": name not in resource.required,
        "mutable": not fixed and path.spec.editable,
    }
    if path.spec.type in _FORMATS:
        shown["format"] = _FORMATS[path.spec.type]
    words = tuple(resource.values.get(name, {})) or path.spec.values
    return {**shown, "enum": list(words)} if words else shown


def _type(path: Path, last: str) -> str:
    if last in ("key", "id"):
        return "string"
    return {"BOOLEAN": "boolean", "INTEGER": "integer"}.get(path.spec.type, "string")
