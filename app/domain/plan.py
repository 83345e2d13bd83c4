"""A plan: one object's declaration made concrete for one connection. Pure; made per run, never stored."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from app.domain.declaration import (
    BY_KEY,
    CREATE_AT_TOP_LEVEL,
    LINK_FIELD,
    NAMESPACE,
    OF_KIND,
    SELECTION,
    Companion,
    Creates,
    End,
    Field,
    Mark,
    Rule,
    SyncedObject,
    WriteBack,
)
from app.domain.lines import LinesPlan, exists, in_org
from app.domain.options import OptionValue, option_value
from app.domain.records import Value
from app.domain.transactions import Definition

STANDARD = "standard"
"""The mapping version of an object whose rows nobody has changed: the declaration as it is."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the engine works by.

    `rows` are the active rows both sides really have; `absent` names fields of active rows that one side lacks.
    `link_field` is the Intacct field that holds our key, None when the company has no such field. `scope` prefixes
    every op_key, so that no two environments, companies or entities can meet. `off` are the declared rows the mapping
    has switched off or changed, `mapped` all its active rows, whether both sides have their fields or not. `prefix`
    stands before package names in the org: `object` names kinds as the org does, its functions read `standard` names.
    `lists` are the managed lists that rows refer to and the connection syncs, with their Intacct ends.
    `entity` is the look-up (or text) that names the entity of a new record, row or no row; None: none is named.
    `barred`: reason and sentence why the connection may not sync the object at all.
    `definitions` are the connection's transaction definitions, by name.
    """

    object: SyncedObject
    rows: tuple[Field, ...]
    write_back: WriteBack
    companions: tuple[Companion, ...]
    options: Mapping[str, Any]
    link_field: str | None
    scope: str
    mapping_version: str = STANDARD
    absent: tuple[str, ...] = ()
    also_read: tuple[str, ...] = ()
    external_id: str | None = None
    creates: Creates = Creates.TO_INTACCT
    match_salesforce: tuple[str, ...] = ()
    kept_here: str | None = None
    disabled: frozenset[str] = frozenset()
    flag: str | None = None
    new_since: datetime | None = None
    off: frozenset[str] = frozenset()
    mapped: tuple[Field, ...] = ()
    lines: LinesPlan | None = None
    mirrored: LinesPlan | None = None
    turned: bool = False
    prefix: str = NAMESPACE
    entity: Field | None = None
    barred: tuple[str, str] | None = None
    lists: Mapping[str, End] = field(default_factory=dict)
    definitions: Mapping[str, Definition] = field(default_factory=dict)

    @property
    def salesforce_fields(self) -> tuple[str, ...]:
        """Every Salesforce field a run reads."""
        back = self.write_back
        names = [name for row in self.rows for name in row.places]
        names += [n for n in (back.intacct_id, back.status, back.errors, back.synced_at, back.id_copy) if n]
        names += [f.salesforce for c in self.companions for f in c.fields]
        names += [c.unless for c in self.companions if c.unless]
        names += [*self.also_read, *self.match_salesforce, *([self.kept_here] if self.kept_here else [])]
        names += [name for name in (self.external_id, self.flag) if name]
        names += [*self.lines.needs.values()] if self.lines else []
        names += [self.object.designated.flag] if self.object.designated else []
        names += [self.entity.salesforce] if self.entity else []
        return tuple(dict.fromkeys(names))

    @property
    def referring(self) -> tuple[Field, ...]:
        """The rows and, row or no row, the field that names the entity of a new record: all that may be look-ups."""
        return (*self.rows, *([self.entity] if self.entity else []))

    @property
    def intacct_fields(self) -> tuple[str, ...]:
        """Every Intacct field a run reads."""
        names = [self.object.intacct.natural_key, *([self.link_field] if self.link_field else [])]
        names += [name for row in self.rows for name in row.names] + list(self.object.match_by)
        names += [*self.object.consults, *self.object.must_agree, *self.object.update_needs]
        names += [self.object.dated.start_name] if self.object.dated else []
        return tuple(dict.fromkeys(names))

    @property
    def enabled(self) -> bool:
        """Whether the connection syncs this object."""
        return "enabled" not in {option.name for option in self.object.options} or bool(self.option("enabled"))

    @property
    def born_in_intacct(self) -> bool:
        """Whether a record that only Intacct has may be created in Salesforce."""
        return self.external_id is not None and self.creates in (Creates.FROM_INTACCT, Creates.BOTH)

    def forgets(self, row_id: str) -> bool:
        """Whether the base of a row has lost its meaning: the row was switched off or is another one now."""
        return row_id in self.off or ("~" in row_id and all(row.id != row_id for row in self.mapped))

    def standard(self, values: Mapping[str, Value]) -> Mapping[str, Value]:
        """Salesforce values by the names a declaration's functions know: package fields bear the standard namespace."""
        if self.prefix == NAMESPACE:
            return values
        return {".".join(_standard(part, self.prefix) for part in name.split(".")): values[name] for name in values}

    def spelt(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """The opposite of `standard`: values by the names they have in the org."""
        return {_name(name, self.prefix): value for name, value in values.items()}

    def along(self, twin: Mapping[str, Value]) -> dict[str, Value]:
        """What every update must send besides what changes, as it stands in Intacct."""
        return {name: twin[name] for name in self.object.update_needs if twin.get(name) is not None}

    def selected(self, values: Mapping[str, Value]) -> bool:
        """Whether an Intacct record is one the option `selection` names; every record of an object without it."""
        if SELECTION not in self.object.options:
            return True
        return is_selected(self.option(SELECTION.name), str(values.get(self.object.intacct.natural_key) or ""))

    def as_shown(self, values: Mapping[str, Value]) -> Mapping[str, Value]:
        """An Intacct record as Salesforce shows it: one that is not selected passes for inactive."""
        return values if self.selected(values) else {**values, "STATUS": "inactive"}

    def definition(self, intacct: Mapping[str, Value]) -> Definition | None:
        """The transaction definition of a document, by its values in Intacct; None for one the connection lacks."""
        defined = self.object.defined
        return self.definitions.get(str(intacct.get(defined.field) or "")) if defined else None

    def shows(self, intacct: Mapping[str, Value]) -> bool:
        """Whether a record that Intacct gave birth to is one for this object, as far as definitions decide."""
        return self.object.defined is None or self.object.defined.shows(self.definition(intacct))

    def returns(self, intacct: Mapping[str, Value], *, lines: bool = False) -> bool:
        """Whether what Intacct holds of a linked document is written back, or its `lines` are."""
        if self.object.defined is None:
            return True
        definition = self.definition(intacct)
        return definition is not None and definition.to_salesforce and (definition.details or not lines)

    def readable(self, intacct_id: str) -> str:
        """A natural id as people know it: without the kind before it where that makes it unique."""
        kinded = self.object.intacct.natural_key.startswith(f"{OF_KIND}:")
        return intacct_id.partition(":")[2] if kinded else intacct_id

    def external_key(self, intacct_key: str, intacct_id: str = "") -> str:
        """The value of the external id for a record of Intacct: unique whatever other kinds feed the same object.

        It bears the natural key where that outlives RECORDNO.
        """
        if self.object.lasting and intacct_id:
            return f"{self.object.intacct.kind}:{intacct_id}"
        return intacct_key if ":" in intacct_key else f"{self.object.intacct.kind}:{intacct_key}"

    def option(self, name: str) -> OptionValue:
        """The value of an option, or its declared default."""
        declared = {option.name: option for option in self.object.options}
        return option_value(declared[name], self.options.get(name))

    def op_key(self, source_id: str, purpose: str = "record") -> str:
        """The name of the document a write makes: the same for every attempt, from every worker, for ever."""
        return f"{self.scope}:{self.object.name}:{source_id}:{purpose}"


def make_plan(
    declared: SyncedObject,
    *,
    scope: str,
    namespace: str,
    link_field: str,
    options: Mapping[str, object],
    salesforce_has: Iterable[str],
    intacct_has: Iterable[str],
    mapped: Sequence[Field] | None = None,
    mapping_version: str = STANDARD,
    new_since: datetime | None = None,
    look_ups: Iterable[str] | None = None,
) -> Plan:
    """The plan of `declared` for a connection whose two sides have the given fields.

    `mapped` are the rows of the active mapping, None: the declared ones. `namespace` is the prefix of package fields
    without the underscores; it may be empty. Rows whose field is missing on a side are left out and named in `absent`;
    dotted Intacct names are taken to exist when the company describes them or their first part. Records created before
    `new_since` are not added automatically.
    """
    prefix = prefix_of(namespace)
    declared = in_namespace(declared, namespace)
    here = {name.lower() for name in salesforce_has}
    there = {name.upper() for name in intacct_has}
    turned = is_turned(declared, options)
    given = declared.fields if mapped is None else tuple(mapped)
    fields = tuple(_turned(row, declared) for row in given) if turned else given
    awake = [row for row in fields if row.needs is None or _is_on(declared, row.needs, options)]
    rows = tuple(_as_spelt(row, there) for row in _active(awake, prefix, look_ups))
    link = _link(declared, link_field, there)
    absent = [row for row in rows if not exists(row, here, there) or link in row.names]
    return Plan(
        object=declared,
        rows=tuple(row for row in rows if row not in absent),
        write_back=_write_back(declared.write_back, prefix, here),
        companions=tuple(_companion(c, prefix, here) for c in declared.companions),
        also_read=_held(declared.also_read, prefix, here),
        options=options,
        link_field=link,
        scope=scope,
        external_id=_if_there(declared.salesforce.external_id, prefix, here),
        flag=_if_there(declared.flag, prefix, here),
        new_since=new_since,
        creates=Creates.TO_INTACCT if turned else declared.creates,
        kept_here=_kept_here(declared, prefix, here),
        match_salesforce=_held(declared.match_salesforce, prefix, here),
        absent=tuple(f"{row.salesforce} ↔ {'/'.join(row.names)}" for row in absent),
        mapping_version=mapping_version,
        turned=turned,
        prefix=prefix,
        off=frozenset(row.id for row in declared.fields) - {row.id for row in rows},
        mapped=rows,
        entity=_entity(declared, prefix, here, options, look_ups),
    )


def _write_back(back: WriteBack, prefix: str, here: set[str]) -> WriteBack:
    """The fields that tell a user what became of a record, as far as the org has them."""
    return WriteBack(
        intacct_id=_name(back.intacct_id, prefix),
        status=_if_there(back.status, prefix, here),
        errors=_if_there(back.errors, prefix, here),
        synced_at=_if_there(back.synced_at, prefix, here),
        id_copy=_if_there(back.id_copy, prefix, here),
    )


def prefix_of(namespace: str) -> str:
    """What stands before the package's names in an org."""
    return f"{namespace}__" if namespace else ""


def in_namespace(declared: SyncedObject, namespace: str) -> SyncedObject:
    """The declaration with the Salesforce kinds an org has under its namespace; rows keep the standard one."""
    prefix = prefix_of(namespace)
    if prefix == NAMESPACE:
        return declared
    ours, lines, flagged = declared.salesforce, declared.lines, declared.designated
    shown = declared.mirrored
    return replace(
        declared,
        salesforce=replace(ours, kind=_name(ours.kind, prefix), natural_key=_name(ours.natural_key, prefix)),
        lines=replace(lines, salesforce=_name(lines.salesforce, prefix)) if lines else None,
        mirrored=replace(shown, salesforce=_name(shown.salesforce, prefix)) if shown else None,
        designated=replace(flagged, flag=_name(flagged.flag, prefix)) if flagged else None,
    )


def _standard(name: str, prefix: str) -> str:
    """A package field's standard name; where there is no namespace any custom field may be the package's."""
    if prefix:
        return NAMESPACE + name.removeprefix(prefix) if name.startswith(prefix) else name
    return f"{NAMESPACE}{name}" if name.endswith(("__c", "__r")) and name.count("__") == 1 else name


def is_turned(declared: SyncedObject, options: Mapping[str, object]) -> bool:
    """Whether an option makes Salesforce own an object that otherwise comes from Intacct."""
    return any(o.turns is not None and option_value(o, options.get(o.name)) == o.turns for o in declared.options)


def _name(name: str, prefix: str) -> str:
    return name.replace(NAMESPACE, prefix)


def _companion(declared: Companion, prefix: str, here: set[str]) -> Companion:
    """A companion with the fields the org has; without its look-up there is no reason to leave it out."""
    fields = tuple(field for field in (_spelt(f, prefix) for f in declared.fields) if field.salesforce.lower() in here)
    return replace(declared, unless=_if_there(declared.unless, prefix, here), fields=fields)


def _if_there(name: str | None, prefix: str, here: set[str]) -> str | None:
    spelt = _name(name, prefix) if name else None
    return spelt if spelt and spelt.lower() in here else None


def _spelt(row: Field, prefix: str) -> Field:
    return replace(row, salesforce=_name(row.salesforce, prefix), others=tuple(_name(n, prefix) for n in row.others))


def _active(fields: Iterable[Field], prefix: str, look_ups: Iterable[str] | None) -> tuple[Field, ...]:
    """The rows that take part, in the org's spelling; those that refer to records do so only in a look-up."""
    referring = None if look_ups is None else {name.lower() for name in look_ups}
    spelt = (_spelt(row, prefix) for row in fields if row.active or row.mark is Mark.FIXED)
    return tuple(_referring(row, referring) for row in spelt)


def _is_on(declared: SyncedObject, name: str, options: Mapping[str, object]) -> bool:
    """Whether a switch of the object is on."""
    return any(o.name == name and option_value(o, options.get(name)) is True for o in declared.options)


def _as_spelt(row: Field, there: set[str]) -> Field:
    """The row by the other name of its Intacct field, where the company has only that."""
    if row.or_spelt is None or row.names[0].upper() in there or row.or_spelt.upper() not in there:
        return row
    return replace(row, intacct=row.or_spelt, key=row.id)


def _referring(row: Field, look_ups: set[str] | None) -> Field:
    """A row whose Salesforce field is no look-up there holds the natural id as text; `by_key` marks its table."""
    if row.refers_to is None:
        return row
    if look_ups is not None and row.salesforce.lower() not in look_ups:
        return replace(row, refers_to=None)
    return replace(row, refers_to=f"{row.refers_to}{BY_KEY}") if row.by_key else row


def is_selected(selection: object, text: str) -> bool:
    """Whether an id is in a selection: named, within a range `first..last` (by number, else by letters), or `*`."""
    for word in selection if isinstance(selection, tuple) else ():
        first, dots, last = word.partition("..")
        if word in ("*", text):
            return True
        if dots and text.isdigit() and first.isdigit() and last.isdigit():
            if int(first) <= int(text) <= int(last):
                return True
        elif dots and first <= text <= last:
            return True
    return False


def _entity(
    declared: SyncedObject, prefix: str, here: set[str], options: Mapping[str, object], look_ups: Iterable[str] | None
) -> Field | None:
    """The field that names the entity of a new record, unless all are made at top level by option."""
    top = CREATE_AT_TOP_LEVEL
    at_top = top in declared.options and option_value(top, options.get(top.name)) is True
    name = _if_there(declared.entity, prefix, here)
    if name is None or at_top:
        return None
    row = Field("MEGAENTITYID", name, Rule.FROM_INTACCT, refers_to="location")
    return next(iter(_active([row], prefix, look_ups)))


def _held(names: Iterable[str], prefix: str, here: set[str]) -> tuple[str, ...]:
    """Those of the declared fields that the org has, in its spelling."""
    return tuple(name for name in (_name(n, prefix) for n in names) if in_org(name, here))


def _kept_here(declared: SyncedObject, prefix: str, here: set[str]) -> str | None:
    """The checkbox that keeps a record in Salesforce, if the org has it."""
    name = _name(declared.kept_here or "", prefix)
    return name if name and in_org(name, here) else None


def _link(declared: SyncedObject, link_field: str, there: set[str]) -> str | None:
    """The field that bears our key: the connection's custom field, else the object's own, if the company has it."""
    wanted = [link_field if declared.link_key == LINK_FIELD else declared.link_key, declared.link_fallback]
    return next((name for name in wanted if name and name.upper() in there), None)


def _turned(row: Field, declared: SyncedObject) -> Field:
    """A row of an object that Salesforce owns by option: what came from Intacct goes there, except formulas.

    A row for which a create has a default goes both ways, so that the default returns. The entity of a record is chosen
    by where it is made and written by nobody: its row never turns.
    """
    if row.salesforce == declared.entity:
        return row
    if row.rule is Rule.FROM_INTACCT and row.mark is not Mark.FORMULA and row.names:
        both = any(name in declared.defaults for name in row.names)
        return replace(row, rule=Rule.BIDIRECTIONAL if both else Rule.TO_INTACCT)
    return row
