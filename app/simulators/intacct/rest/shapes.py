"""Records as JSON: stored rows to nested or flat objects, and what is sent to the texts the books are written with."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from app.simulators.intacct.company import Company, Path
from app.simulators.intacct.records import Draft
from app.simulators.intacct.rest.errors import Detail, bad_value, missing_field, payload, read_only, unknown_field
from app.simulators.intacct.rest.resources import READ_ONLY, Resource
from app.simulators.intacct.tables import Values
from app.simulators.intacct.values import Formatting

Json = Any
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def shown(resource: Resource, name: str, path: Path, values: Values) -> Json:
    """One value as JSON: amounts and keys are strings, dates ISO, moments ISO with Z, empty is null."""
    value = path.get(values)
    if path.spec.type == "BOOLEAN":
        return bool(value)
    if value is None or value == "":
        return None
    words = {stored: word for word, stored in resource.values.get(name, {}).items()}
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal) or name.rpartition(".")[2] in ("key", "id"):
        return str(value)
    return words.get(str(value), value)


def flat(company: Company, resource: Resource, values: Values, names: Sequence[str]) -> dict[str, Json]:
    """The named fields under their dotted names. All of them must exist."""
    out = {}
    for name in names:
        path = resource.path(company, name)
        if path is not None:
            out[name] = shown(resource, name, path, values)
    return out


def full(company: Company, resource: Resource, values: Values) -> dict[str, Json]:
    """The whole record, nested, with links."""
    record: dict[str, Json] = {}
    for name, value in flat(company, resource, values, resource.names()).items():
        head, _, last = name.rpartition(".")
        place = record.setdefault(head, {}) if head else record
        place[last] = value
    for head, ref in resource.refs.items():
        if record[head]["key"]:
            record[head]["href"] = f"/objects/{ref.object}/{record[head]['key']}"
    return {**record, "href": f"/objects/{resource.name}/{values['RECORDNO']}"}


def link(company: Company, resource: Resource, values: Values) -> dict[str, Json]:
    """Key, id and link: the answer of a write and a row of a list."""
    named = flat(company, resource, values, ["key", "id"])
    return {**named, "href": f"/objects/{resource.name}/{values['RECORDNO']}"}


def draft_of(company: Company, resource: Resource, body: Mapping[str, Json], *, creating: bool) -> Draft:
    """What a create or update sends, as texts. RestRefused with every field that is unknown, missing or malformed."""
    draft, problems = Draft(), list[Detail]()
    for name, value in _leaves(resource, body):
        if name in ("href", "ia::operation") or (name == "key" and not creating):
            continue
        head, _, last = name.rpartition(".")
        path = resource.path(company, name)
        own = head not in resource.refs
        if name in READ_ONLY or (last not in ("key", "id") if not own else path is not None and path.spec.readonly):
            problems.append(read_only(name))
        elif not own:
            _refer(company, resource, name, value, draft, problems)
        elif path is None:
            problems.append(unknown_field(name))
        else:
            _plain(company, resource, name, value, draft, problems)
    if creating:
        problems += [missing_field(name) for name in resource.required if body.get(name) in (None, "")]
    if problems:
        raise payload(*problems)
    return draft


def _leaves(resource: Resource, body: Mapping[str, Json]) -> list[tuple[str, Json]]:
    out: list[tuple[str, Json]] = []
    for name, value in body.items():
        if isinstance(value, dict) and (name in resource.refs or name in ("audit", "entity")):
            out += [(f"{name}.{part}", inner) for part, inner in value.items() if part != "href"]
        elif value is None and name in resource.refs:
            out.append((f"{name}.id", None))
        else:
            out.append((name, value))
    return out


def _refer(company: Company, resource: Resource, name: str, value: Json, draft: Draft, problems: list[Detail]) -> None:
    head, _, last = name.rpartition(".")
    ref = resource.refs[head]
    if value is None:
        draft.fields.setdefault(ref.by, "")
        return
    if not isinstance(value, str) or not value:
        problems.append(bad_value(name, "a reference is a non-empty string"))
        return
    if last == "key":
        relation = resource.schema(company).relations[ref.path]
        row = company.tables[relation.object].get(int(value)) if value.isdecimal() else None
        if row is None:
            problems.append(bad_value(name, f"there is no {ref.object} with key {value}"))
            return
        value = str(row[relation.to])
    draft.fields[ref.by] = value


def _plain(company: Company, resource: Resource, name: str, value: Json, draft: Draft, problems: list[Detail]) -> None:
    path = resource.path(company, name)
    assert path is not None
    words = resource.values.get(name)
    if value is None:
        draft.fields[path.name] = ""
    elif isinstance(value, dict | list):
        problems.append(bad_value(name, "a single value is wanted"))
    elif isinstance(value, bool) != (path.spec.type == "BOOLEAN"):
        problems.append(bad_value(name, f"not a {path.spec.type.lower()}"))
    elif path.spec.type == "DATE":
        _date(company.formatting(), name, path, value, draft, problems)
    elif words is not None and str(value) not in words:
        problems.append(bad_value(name, f"valid values are {', '.join(words)}"))
    elif path.spec.values and words is None and value not in path.spec.values:
        problems.append(bad_value(name, f"valid values are {', '.join(path.spec.values)}"))
    elif isinstance(value, bool):
        draft.fields[path.name] = "true" if value else "false"
    else:
        draft.fields[path.name] = (words or {}).get(str(value), str(value))


def _date(how: Formatting, name: str, path: Path, value: Json, draft: Draft, problems: list[Detail]) -> None:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        problems.append(bad_value(name, "a date is written YYYY-MM-DD"))
        return
    try:
        draft.fields[path.name] = how.date_text(date.fromisoformat(value))
    except ValueError:
        problems.append(bad_value(name, "there is no such day"))
