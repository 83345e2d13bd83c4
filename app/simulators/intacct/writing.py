"""create, update and delete of one record by its schema: validation, keys, references, owned records, audit.

Everything the vendor would complain about in a record is collected and refused together; nothing is half done.
"""

from collections.abc import Callable
from dataclasses import dataclass

from app.simulators.intacct import errors
from app.simulators.intacct.company import USER_RECORDNO, Company
from app.simulators.intacct.errors import Refused, VendorError
from app.simulators.intacct.fieldcheck import check_fields, check_lists, defaults
from app.simulators.intacct.lines import remove_lines, write_lines
from app.simulators.intacct.records import Draft
from app.simulators.intacct.rules import REMOVAL, RULES
from app.simulators.intacct.schema import ObjectSchema, Relation
from app.simulators.intacct.tables import Values


@dataclass(frozen=True)
class Author:
    """Who writes: the user for the audit trail, the entity new rows belong to, and whether rules for callers apply.

    `trusted` is the control plane: it may set read-only fields and leaves no audit rows. `any_verb`: the API it came by
    has looked already whether the object takes the verb.
    """

    user: str
    location: str = ""
    trusted: bool = False
    any_verb: bool = False


class Writer:
    """Writes records for one author, at the company's present instant."""

    def __init__(self, company: Company, author: Author) -> None:
        self._company, self._author = company, author

    # -- the three verbs ----------------------------------------------------------------------------------------------

    def create(self, schema: ObjectSchema, draft: Draft) -> Values:
        """Insert the record and the records it owns; answers the stored row. Refused with every problem found."""
        return self._as_one(schema, "create", lambda: self._create(schema, draft))

    def update(self, schema: ObjectSchema, draft: Draft) -> Values:
        """Change the fields that are sent; empty texts clear, omitted fields stay. Answers the stored row."""
        return self._as_one(schema, "update", lambda: self._update(schema, draft))

    def _as_one(self, schema: ObjectSchema, verb: str, work: Callable[[], Values]) -> Values:
        """Run `work` so that it happens wholly or not at all; a refusal gets the vendor's wrapper behind it."""
        self._allowed(schema, verb)
        mark = self._company.journal.mark()
        try:
            return work()
        except Refused as refused:
            self._company.journal.rollback(mark)
            raise Refused(*refused.errors, errors.could_not(verb, schema.label)) from refused

    def delete(self, schema: ObjectSchema, number_text: str) -> Values:
        """Remove the record with this RECORDNO; refused while another record refers to it."""
        self._allowed(schema, "delete")
        values = self._row(schema, number_text)
        if values is None:
            raise Refused(errors.not_found(schema.label, number_text))
        problems = REMOVAL[schema.name](self._company, values) if schema.name in REMOVAL else []
        if problems:
            raise Refused(*problems)
        user_of = self._user_of(schema, values)
        if user_of:
            raise Refused(errors.in_use(schema.label, str(values.get(schema.id, number_text)), user_of))
        for owned in schema.lists.values():
            if owned.object:
                remove_lines(self._company, owned, values)
        self._company.tables[schema.name].remove(values["RECORDNO"], self._company.clock.now())
        self._audit("delete", schema, values)
        return values

    # -- create -------------------------------------------------------------------------------------------------------

    def _create(self, schema: ObjectSchema, draft: Draft) -> Values:
        checked = check_fields(self._company, schema, draft.fields, trusted=self._author.trusted)
        problems = checked.problems
        for name, spec in schema.fields.items():
            if spec.required and checked.values.get(name) is None and not any(p.field == name for p in problems):
                problems.append(errors.missing_required(name))
        values: Values = {name: None for name, spec in schema.fields.items() if not spec.via}
        values.update(defaults(schema))
        values.update(checked.values)
        values.update(check_lists(schema, draft.lists, problems))
        problems += self._taken(schema, values, None)
        if not problems and schema.sequence and values[schema.id] is None:
            values[schema.id] = self._company.next_id(schema)
            if values[schema.id] is None:
                problems.append(errors.missing_required(schema.id))
            problems += self._taken(schema, values, None)
        if problems:
            raise Refused(*problems)
        for name, spec in schema.fields.items():
            if spec.computed:
                values[name] = spec.computed.format(**values)
        self._relate(schema, values, checked.relations, creating=True)
        stored = self._insert(schema, values, given=set(checked.values))
        return self._with_lines(schema, stored, draft.lists)

    def _insert(self, schema: ObjectSchema, values: Values, given: set[str]) -> Values:
        company, table = self._company, self._company.tables[schema.name]
        if values.get("RECORDNO") is None:
            values["RECORDNO"] = table.next_number()
        elif table.get(values["RECORDNO"]) is not None:
            raise Refused(errors.duplicate(schema.label, str(values["RECORDNO"])))
        if "MEGAENTITYID" in schema.fields and values.get("MEGAENTITYID") is None:
            values["MEGAENTITYID"] = self._author.location or None
        now = company.now()
        stamps = {"WHENCREATED": now, "WHENMODIFIED": now, "CREATEDBY": USER_RECORDNO, "MODIFIEDBY": USER_RECORDNO}
        for name, value in stamps.items():
            spec = schema.fields.get(name)
            if spec is not None and spec.readonly and name not in given:
                values[name] = value
        table.put(values, company.clock.now())
        self._audit("create", schema, values)
        return values

    # -- update -------------------------------------------------------------------------------------------------------

    def _update(self, schema: ObjectSchema, draft: Draft) -> Values:
        company = self._company
        missing = [name for name in schema.update_needs if not draft.fields.get(name)]
        if missing:
            raise Refused(*(errors.missing_required(name) for name in missing))
        old = self._addressed(schema, draft)
        fields = {n: t for n, t in draft.fields.items() if n != "RECORDNO"}
        checked = check_fields(company, schema, fields, trusted=self._author.trusted)
        problems = checked.problems
        for name, value in checked.values.items():
            spec = schema.fields[name]
            if not spec.editable and value != old.get(name):
                problems.append(errors.not_editable(name))
            if spec.required and value is None:
                problems.append(errors.missing_required(name))
        values = {**old, **checked.values}
        values.update(check_lists(schema, draft.lists, problems))
        problems += self._taken(schema, values, old["RECORDNO"])
        problems += self._circles(schema, values)
        if problems:
            raise Refused(*problems)
        self._relate(schema, values, checked.relations, creating=False)
        if "WHENMODIFIED" in schema.fields and schema.fields["WHENMODIFIED"].readonly:
            values["WHENMODIFIED"], values["MODIFIEDBY"] = company.now(), USER_RECORDNO
        company.tables[schema.name].put(values, company.clock.now())
        values = self._with_lines(schema, values, draft.lists)
        self._audit("update", schema, values)
        return values

    def _with_lines(self, schema: ObjectSchema, values: Values, lists: dict[str, list[dict[str, str]]]) -> Values:
        """Write the lines that are records of their own, then hold the whole to the rules of the ledger."""
        problems: list[VendorError] = []
        for owned in schema.lists.values():
            if owned.object and owned.path in lists:
                problems += write_lines(self._company, owned, values, lists[owned.path])
        if not problems and schema.name in RULES:
            problems += RULES[schema.name](self._company, values)
        if problems:
            raise Refused(*problems)
        return self._company.tables[schema.name].get(values["RECORDNO"]) or values

    def _addressed(self, schema: ObjectSchema, draft: Draft) -> Values:
        number = draft.fields.get("RECORDNO", "").strip()
        if number:
            found = self._row(schema, number)
            if found is None:
                raise Refused(errors.not_found(schema.label, number))
            return found
        for name in schema.update_by:
            key = draft.fields.get(name, "")
            if key:
                row = self._company.tables[schema.name].first(name, key)
                if row is None or not self._sees(row):
                    raise Refused(errors.not_found(schema.label, key))
                return row
        raise Refused(errors.missing_required("RECORDNO"))

    # -- relations ----------------------------------------------------------------------------------------------------

    def _relate(self, schema: ObjectSchema, values: Values, parts: dict[str, dict[str, str]], creating: bool) -> None:
        problems: list[VendorError] = []
        for relation in schema.relations.values():
            sent = parts.get(relation.path, {})
            if relation.write == "owned" and (creating or sent):
                self._own(schema, values, relation, sent, creating)
            elif relation.write == "name":
                problems += self._point(schema, values, relation, sent, creating)
        if problems:
            raise Refused(*problems)

    def _own(
        self, schema: ObjectSchema, values: Values, relation: Relation, sent: dict[str, str], creating: bool
    ) -> None:
        target = self._company.schemas[relation.object]
        owned = self._company.target(schema, values, relation.path)
        if owned is not None and not (creating and self._author.trusted and not sent):
            nested = Draft({**sent, "RECORDNO": str(owned["RECORDNO"])})
            self._pathed(relation, lambda: self._update(target, nested))
            return
        fields = dict(sent)
        if self._author.trusted:
            fields.setdefault("PRINTAS", str(values.get("NAME") or values.get(schema.id) or ""))
        if not fields.get(target.id):
            fields[target.id] = relation.owned_name.format(**values)
        made = self._pathed(relation, lambda: self._create(target, Draft(fields)))
        values[relation.by] = made[relation.to]

    @staticmethod
    def _pathed(relation: Relation, work: Callable[[], Values]) -> Values:
        """Run `work`, naming a missing field by its path from the owner."""
        try:
            return work()
        except Refused as refused:
            named = [
                errors.missing_required(f"{relation.path}.{e.field}") if e.description2.startswith("Required") else e
                for e in refused.errors
            ]
            wrapper = errors.could_not("create", relation.object.capitalize())
            raise Refused(*named, wrapper) from refused

    def _point(
        self, schema: ObjectSchema, values: Values, relation: Relation, sent: dict[str, str], creating: bool
    ) -> list[VendorError]:
        target = self._company.schemas[relation.object]
        name = sent.get(target.id)
        if name:
            found = self._company.tables[target.name].first(target.id, name)
            if found is None or not self._sees(found):
                return [errors.invalid_reference(target.label, name, f"{relation.path}.{target.id}")]
            values[relation.by] = found[relation.to]
        elif name == "" or (creating and values.get(relation.by) is None):
            values[relation.by] = values.get(schema.relations[relation.default].by) if relation.default else None
        return []

    # -- checks -------------------------------------------------------------------------------------------------------

    def _allowed(self, schema: ObjectSchema, verb: str) -> None:
        if verb not in schema.writes and not (self._author.trusted or self._author.any_verb):
            raise Refused(errors.no_permission(verb.upper(), schema.name))

    def _taken(self, schema: ObjectSchema, values: Values, own: int | None) -> list[VendorError]:
        table = self._company.tables[schema.name]
        problems = []
        for names in schema.unique:
            wanted = [values.get(name) for name in names]
            if any(value is None for value in wanted):
                continue
            for number in table.find(names[-1], wanted[-1]):
                row = table.get(number)
                if (
                    number != own
                    and row is not None
                    and all(row.get(n) == w for n, w in zip(names, wanted, strict=True))
                ):
                    problems.append(errors.duplicate(schema.label, *map(str, wanted)))
                    break
        return problems

    def _circles(self, schema: ObjectSchema, values: Values) -> list[VendorError]:
        relation = schema.relations.get("PARENT")
        if relation is None or relation.object != schema.name:
            return []
        table, seen, key = self._company.tables[schema.name], set(), values.get(relation.by)
        while key is not None and key not in seen:
            if key == values.get(relation.to):
                return [errors.invalid_reference(schema.label, str(key), relation.by)]
            seen.add(key)
            parent = table.first(relation.to, key)
            key = parent.get(relation.by) if parent is not None else None
        return []

    def _user_of(self, schema: ObjectSchema, values: Values) -> str:
        """Label of an object that refers to the record, '' if none does."""
        for other in self._company.schemas.values():
            table = self._company.tables[other.name]
            for relation in other.relations.values():
                if relation.object == schema.name and values.get(relation.to) is not None:
                    users = table.find(relation.by, values[relation.to])
                    if any(other is not schema or n != values["RECORDNO"] for n in users):
                        return other.label
            for spec in other.fields.values():
                kind, _, to = spec.ref.partition(".")
                if kind == schema.name and values.get(to) is not None and table.find(spec.name, values[to]):
                    return other.label
        return ""

    def _row(self, schema: ObjectSchema, number_text: str) -> Values | None:
        row = self._company.tables[schema.name].get(int(number_text)) if number_text.strip().isdecimal() else None
        return row if row is not None and self._sees(row) else None

    def _sees(self, row: Values) -> bool:
        owner = row.get("MEGAENTITYID")
        return not owner or not self._author.location or owner == self._author.location

    def _audit(self, verb: str, schema: ObjectSchema, values: Values) -> None:
        if not self._author.trusted:
            self._company.audit(verb, schema, values, self._author.user, self._company.now())
