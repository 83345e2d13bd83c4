"""The words in which an object is declared. A module in `app/objects/` says these words once; everything else follows.

Vendor names (`CUSTOMER`, `ia_crm__IntacctID__c`) are vocabulary here. `ia_crm__` stands for the namespace of the
connection and is replaced when a plan is made.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from app.domain.dated import DatedRows
from app.domain.lasting import Lasting as Lasting
from app.domain.options import Option as Option
from app.domain.paying import Pays
from app.domain.problems import Problem
from app.domain.records import Value
from app.domain.stages import Stages
from app.domain.standard_options import BASE_PRICE_LIST as BASE_PRICE_LIST
from app.domain.standard_options import CREATE_AT_TOP_LEVEL as CREATE_AT_TOP_LEVEL
from app.domain.standard_options import DIMENSIONS as DIMENSIONS
from app.domain.standard_options import DIRECTION as DIRECTION
from app.domain.standard_options import ENABLED as ENABLED
from app.domain.standard_options import INCLUDE_DETAILS as INCLUDE_DETAILS
from app.domain.standard_options import ON_DELETE as ON_DELETE
from app.domain.standard_options import POLL_SALESFORCE as POLL_SALESFORCE
from app.domain.standard_options import PRICE_SOURCE as PRICE_SOURCE
from app.domain.standard_options import SELECTION as SELECTION
from app.domain.standard_options import SYNC_ONLY_ONCE as SYNC_ONLY_ONCE
from app.domain.transactions import Defined
from app.domain.transforms import Canonical, Text, Transform

NAME = Text(100)
NAMESPACE = "ia_crm__"
UNION = "+"
"""Joins the kinds of an end that several Intacct kinds feed: `GLACCOUNT+STATACCOUNT`; record keys are `KIND:1` then."""
BY_KEY = "#"
"""Behind the name of an object: its records by RECORDNO, where a row is `by_key`."""
OF_KIND = "<kind>"
"""Stands for the kind of a record of a union; `<kind>:NAME` for its field NAME behind its kind and a colon."""
LINK_FIELD = "<link>"  # stands for the custom field of the connection that holds our key, default SFDC_ID


class Rule(StrEnum):
    """Who owns a field (product.md 2.4)."""

    TO_INTACCT = "toIntacct"
    FROM_INTACCT = "fromIntacct"
    BIDIRECTIONAL = "bidirectional"


class Mark(StrEnum):
    """What an administrator may change about a row (product.md 3.1)."""

    FREE = "free"
    FIXED = "fixed"  # always active, neither rule nor status can be changed
    FORMULA = "formula"  # derived in Intacct: from Intacct only


class Policy(StrEnum):
    """Who wins when both sides changed a field to different values."""

    NEWEST = "newest"
    SALESFORCE = "salesforce"
    INTACCT = "intacct"


class Kind(StrEnum):
    """Which variant of the pipeline an object takes."""

    RECORD = "record"
    DOCUMENT = "document"
    MANAGED_LIST = "managedList"
    MIRROR = "mirror"


class Creates(StrEnum):
    """On which side a missing twin may be created."""

    TO_INTACCT = "toIntacct"
    FROM_INTACCT = "fromIntacct"
    BOTH = "both"
    NEVER = "never"


Formula = Callable[[Mapping[str, Value]], Value]
"""A value out of named values. Raises Unfit where it cannot be had."""


@dataclass(frozen=True, slots=True)
class Computed:
    """How a row is computed that is more than one field to one field.

    `names` are the row's Salesforce fields as the formulas call them, in the order of `Field.places`. `forth` makes
    Intacct's value of them; `back` makes each of them of Intacct's value, None where it is left alone.
    """

    names: tuple[str, ...]
    forth: Formula | None = None
    back: tuple[Formula | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """One mapping row. Several Intacct names: one Salesforce field spread over them (address lines); none: a constant.

    `by_key`: the Intacct field names the record referred to by its RECORDNO, not by its natural id.
    `keep_filled`: an empty value from Intacct never clears the Salesforce field, which is required there. `others` are
    further Salesforce fields of a `computed` row. `default` stands in for an empty source where the target is empty
    too. `key` is the name the row's values go by where that is not its first Intacct field: a row that an
    administrator made or changed has its own, so that what was agreed under another meaning is not taken for its base.
    `types` are the described types of `places`, to which values are converted; empty: they fit as they are.
    `shows`: the Salesforce field only shows what stands in Intacct, beside the one it was sent from. `needs` names the
    switch without which the row rests, `or_spelt` the Intacct name a company may have in its place. `once`: it goes
    with a create alone; afterwards Intacct owns it.
    """

    intacct: str | tuple[str, ...]
    salesforce: str
    rule: Rule = Rule.BIDIRECTIONAL
    via: Transform = NAME
    mark: Mark = Mark.FREE
    refers_to: str | None = None
    by_key: bool = False
    required: bool = False
    active: bool = True
    policy: Policy = Policy.NEWEST
    keep_filled: bool = False
    others: tuple[str, ...] = ()
    computed: Computed | None = None
    default: Canonical = None
    key: str | None = None
    types: tuple[str, ...] = ()
    shows: bool = False
    needs: str | None = None
    or_spelt: str | None = None
    once: bool = False

    names: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """The Intacct names as a tuple."""
    id: str = field(init=False, repr=False, compare=False)
    """The name the row's values go by: its (first) Intacct field, else its Salesforce field."""
    places: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """The Salesforce names as a tuple."""

    def __post_init__(self) -> None:
        """Worked out once: each row is asked for its names many times per record."""
        names = (self.intacct,) if isinstance(self.intacct, str) else self.intacct
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "id", self.key or (names[0] if names and not self.shows else self.salesforce))
        object.__setattr__(self, "places", (self.salesforce, *self.others))


@dataclass(frozen=True, slots=True)
class End:
    """One side of an object: the kind as the vendor names it and the field that holds its readable key.

    `external_id` is the unique Salesforce field that bears kind and record number (`ITEM:17`) of records Intacct gave
    birth to; they are created by upsert on it, so that a repeat cannot create twice, and several objects may share one
    Salesforce object.
    """

    kind: str
    natural_key: str
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class WriteBack:
    """Salesforce fields that tell a user on the record itself what became of it. None: the object has no such field."""

    intacct_id: str
    status: str | None = f"{NAMESPACE}Intacct_Sync_Status__c"
    errors: str | None = f"{NAMESPACE}Intacct_Sync_Errors__c"
    synced_at: str | None = f"{NAMESPACE}Synced_With_Intacct_Date__c"
    id_copy: str | None = None


@dataclass(frozen=True, slots=True)
class Companion:
    """A second Intacct record that is created with the first and never comes back (a contact made from an address).

    `key` holds `{id}` for the natural key of the main record; `link` is the main record's field that names it;
    `unless` is the Salesforce look-up that, when filled, makes the companion unnecessary; `needs` are the Salesforce
    fields of which at least one must be filled.
    """

    name: str
    kind: str
    key_field: str
    key: str
    link: str
    unless: str | None
    needs: tuple[str, ...]
    fields: tuple[Field, ...]


Check = Callable[[Mapping[str, Value], Sequence[Mapping[str, Canonical]], Mapping[str, object]], Sequence[Problem]]
"""Header values (by the declared names in `Lines.needs`), canonical lines by row id, options: all that is wrong."""


LeftToIntacct = Callable[[Mapping[str, object], Mapping[str, Value]], frozenset[str]]
"""Options, and a line's Salesforce values by declared names: the ids of its rows that Intacct fills."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a document: records of their own on both sides that are sent, read and compared with their header.

    `salesforce` and `intacct` are the kinds. `parent` is the Salesforce line's look-up to its header, `key` its field
    that takes the Intacct line's RECORDNO. `header` is the Intacct line's field that bears the header's RECORDNO,
    `number` the one that gives their order, `path` the elements of list and line within the header in a write.
    `check` says what is wrong with a document as a whole before anything is sent; it reads the header fields `needs`.
    `also_read` are Salesforce fields of a line that no row carries.
    With `edits` changed and new lines go on travelling after the document was sent; without, it is sent once.
    `left_to_intacct` are the rows of one line that Intacct fills, by the options and the line's fields `consults`.
    `external_id` is the Salesforce line's field by which lines that only Intacct has are made there; None: never.
    """

    salesforce: str
    parent: str
    key: str
    intacct: str
    header: str
    number: str
    path: str
    fields: tuple[Field, ...]
    needs: tuple[str, ...] = ()
    check: Check | None = None
    also_read: tuple[str, ...] = ()
    edits: bool = False
    consults: tuple[str, ...] = ()
    left_to_intacct: LeftToIntacct | None = None
    external_id: str | None = None


Sight = Callable[[Mapping[str, Value]], Mapping[str, Value]]
"""Salesforce values as they are to be taken for other ones, from the values as read."""

PassOver = Callable[[Mapping[str, Value]], tuple[str, str] | None]
"""Reason and sentence when a record is none of the object's, from its Salesforce values; else None."""


@dataclass(frozen=True, slots=True)
class Designated:
    """The one Salesforce record whose checkbox `flag` is set is the twin of the Intacct record that `option` names."""

    option: str
    flag: str


@dataclass(frozen=True, slots=True)
class Yields:
    """Salesforce fields that another object fills, where a record is the twin of one of that object's records too."""

    to: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SyncedObject:
    """One synced object: two ends, the rows between them, and the rules around them.

    `match_by` are Intacct fields tried in order to find an existing twin before creating one; `match_salesforce` are
    Salesforce fields that must all agree for a record from Intacct to be taken for an existing one. `key_scope` is the
    row within which the natural key is unique (a task id in its project). `keys_for` proposes
    natural keys for a new record, best first, from its Salesforce values. With `first_kind_wins` a natural id that
    several kinds of the union have is carried for the first of them alone.
    A record whose Salesforce checkbox `kept_here` is set (dotted: that of its parent) never goes to Intacct.
    `kinds_from` names the option that lists the Intacct kinds of the union. `defaults` are values a create needs when a
    row is empty in Salesforce, where they then return; `prepare` completes a create with what no row carries.

    `flag` is the Salesforce checkbox by which a user asks for a record. `merges`: Salesforce can merge such records.
    `sees` corrects what was read, `sends_only` names the Intacct fields of rows that this very record never gets back,
    `passes_over` tells records that are none of the object's.
    A DOCUMENT is sent once: afterwards only Intacct changes it. `link_fallback` is an own field of the Intacct record
    that bears our key in a company without the connection's custom field; a row on it rests then.
    `match_within` are Intacct fields that must agree too where a twin is sought by `match_by`. `source_wins`: a row is
    put right on the side that does not own it, whoever changed it there. `retires`: where Salesforce owns the
    object, a record that is deleted there makes its twin inactive. `refuse` says of an Intacct record why it
    cannot come, `withhold` which of its rows stay out; both read `consults` besides the rows. `daily`: what a record
    means changes with the date, so the feed is read whole once a day. `must_agree` are Intacct fields in which a twin
    found by its natural key must agree as well, with `match_salesforce` as their other side: who agrees in part is a
    conflict. `dated` are rows inside the Intacct record, one of which mapping rows name; `yields` says which fields
    that come from Intacct another object fills. `update_needs` are Intacct fields that every update must send, changed
    or not. `entity` is the Salesforce look-up to the `location` in which a new record is made; Intacct moves none
    afterwards. `pays`: the document is a payment. `reference` is the Intacct field that bears our key where the record
    brings nothing for it. With `lasting` the link follows a record that Intacct replaces. `gone_as` are row and word
    by which a record that Intacct owned and has no more is shown. `mirrored` are lines that only come from Intacct.
    `closed` says of an Intacct record why it takes no more edits; None while it does. `defined`: its documents are of
    transaction definitions. `opportunity` is the look-up to the opportunity whose amount follows its documents.
    """

    name: str
    label: str
    salesforce: End
    intacct: End
    fields: tuple[Field, ...]
    write_back: WriteBack
    kind: Kind = Kind.RECORD
    creates: Creates = Creates.TO_INTACCT
    link_key: str | None = LINK_FIELD
    link_fallback: str | None = None
    match_by: tuple[str, ...] = ()
    match_salesforce: tuple[str, ...] = ()
    cascade: tuple[str, ...] = ()
    companions: tuple[Companion, ...] = ()
    options: tuple[Option, ...] = (SYNC_ONLY_ONCE,)
    requires: str | None = None
    money: bool = False
    key_width: int = 20
    key_scope: str | None = None
    first_kind_wins: bool = False
    match_within: tuple[str, ...] = ()
    must_agree: tuple[str, ...] = ()
    update_needs: tuple[str, ...] = ()
    stages: Stages | None = None
    designated: Designated | None = None
    source_wins: bool = False
    retires: bool = False
    consults: tuple[str, ...] = ()
    refuse: Callable[[Mapping[str, Value]], str | None] | None = None
    withhold: Callable[[Mapping[str, Value]], frozenset[str]] | None = None
    daily: bool = False
    dated: DatedRows | None = None
    yields: Yields | None = None
    entity: str | None = None
    lasting: Lasting | None = None
    gone_as: tuple[str, str] = ("STATUS", "inactive")
    kept_here: str | None = None
    kinds_from: str | None = None
    keys_for: Callable[[Mapping[str, Value]], tuple[str, ...]] | None = None
    also_read: tuple[str, ...] = ()
    lines: Lines | None = None
    mirrored: Lines | None = None
    defaults: Mapping[str, Value] = field(default_factory=dict)
    prepare: Callable[[Mapping[str, Value], Mapping[str, Value]], Mapping[str, Value]] | None = None
    flag: str | None = None
    merges: bool = False
    sees: Sight | None = None
    sends_only: Callable[[Mapping[str, Value]], frozenset[str]] | None = None
    passes_over: PassOver | None = None
    pays: Pays | None = None
    reference: str | None = None
    closed: Callable[[Mapping[str, Value]], str | None] | None = None
    defined: Defined | None = None
    opportunity: str | None = None

    @property
    def given(self) -> frozenset[str]:
        """Intacct fields a create fills by itself where Salesforce has nothing for them; their values return."""
        return frozenset((*self.defaults, *(self.pays.fills if self.pays else ()), *filter(None, [self.reference])))

    @property
    def sent_once(self) -> bool:
        """Whether what Salesforce changes after the first sending stays in Salesforce."""
        return self.kind is Kind.DOCUMENT and not (self.lines is not None and self.lines.edits)
