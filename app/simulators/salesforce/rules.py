"""What a Salesforce org works out by itself: names, addresses, totals, stages. Checks of what was sent stand elsewhere.

Hooks stand in tables by object: BEFORE completes or refuses the values to be stored, AFTER touches other records.
"""

from collections.abc import Callable
from datetime import date, timedelta

from app.simulators.salesforce.errors import refuse
from app.simulators.salesforce.org import Org
from app.simulators.salesforce.people import complete_person, keep_twin, protect_twin
from app.simulators.salesforce.places import complete_places
from app.simulators.salesforce.saving import Change, blank, save
from app.simulators.salesforce.totals import PARENTS, TOTALS

Hook = Callable[[Org, Change], None]


def compose_addresses(_: Org, change: Change) -> None:
    """Compound addresses mirror their parts."""
    for made in change.schema.all_fields.values():
        if made.type == "address":
            parts = {
                name[0].lower() + name[1:]: change.new.get(made.parts + name)
                for name in ("City", "Country", "Latitude", "Longitude", "PostalCode", "State", "Street")
            }
            empty = all(v is None for v in parts.values())
            change.new[made.name] = None if empty else {**parts, "geocodeAccuracy": None}


def full_name(_: Org, change: Change) -> None:
    """A person's name is made of its parts."""
    parts = (change.new.get("FirstName"), change.new.get("LastName"))
    change.new["Name"] = " ".join(p for p in parts if p) or None


def opportunity_stage(org: Org, change: Change) -> None:
    """The stage decides whether an opportunity is closed and won, and its usual probability."""
    closed, won, probability = change.schema.stages.get(change.new.get("StageName") or "", [False, False, 0])
    change.new.update(IsClosed=closed, IsWon=won)
    if change.changed("StageName") and "Probability" not in change.given:
        change.new["Probability"] = float(probability)
    # "Amount ... any attempt to update this field, if the record has products, will be ignored" (object reference)
    change.new.update(TOTALS["Opportunity"](org, change.new))


def line_product(org: Org, change: Change) -> None:
    """A line of an opportunity or order takes product and list price from its price book entry, and has a total."""
    new = change.new
    entries = org.catalogue.find("PricebookEntry")
    entry = org.store.table(entries).rows.get(new.get("PricebookEntryId") or "") if entries else None
    if entry is not None:
        new["Product2Id"] = entry.values["Product2Id"]
        new["ListPrice"] = entry.values["UnitPrice"]
        if "ProductCode" in new:
            new.update(ProductCode=entry.values["ProductCode"], Name=entry.values["Name"])
    both = {"UnitPrice", "TotalPrice"} <= change.given
    if both:
        text = "specify either the sales price or the total price, not both"
        raise refuse("FIELD_INTEGRITY_EXCEPTION", text=text, fields=["UnitPrice", "TotalPrice"])
    quantity, kept = new.get("Quantity") or 0.0, 1 - (new.get("Discount") or 0.0) / 100
    if "TotalPrice" in change.given and new.get("TotalPrice") is not None and quantity and kept:
        new["UnitPrice"] = round(new["TotalPrice"] / quantity / kept, 2)
    else:
        if new.get("UnitPrice") is None:
            new["UnitPrice"] = new.get("ListPrice")
        new["TotalPrice"] = round(quantity * (new.get("UnitPrice") or 0.0) * kept, 2)
    if "Subtotal" in new:
        new["Subtotal"] = round(quantity * (new.get("UnitPrice") or 0.0), 2)


def opportunity_line(_: Org, change: Change) -> None:
    """An opportunity line names a price book entry or a product."""
    if not (change.new.get("PricebookEntryId") or change.new.get("Product2Id")):
        raise refuse("REQUIRED_FIELD_MISSING", field="PricebookEntryId", fields=["PricebookEntryId"])


def price_entry(org: Org, change: Change) -> None:
    """One price per product, book and currency; the standard price comes first."""
    new = change.new
    product = org.catalogue.find("Product2")
    row = org.store.table(product).rows.get(new.get("Product2Id") or "") if product else None
    if row is not None:
        new.update(Name=row.values["Name"], ProductCode=row.values["ProductCode"])
    table = org.store.table(change.schema)
    same = [
        table.rows[i].values
        for i in table.with_value(change.schema.all_fields["Product2Id"], new.get("Product2Id"))
        if i != new["Id"] and table.rows[i].values.get("CurrencyIsoCode") == new.get("CurrencyIsoCode")
    ]
    standard = next((v for v in same if v["Pricebook2Id"] == org.standard_book), None)
    if change.old is None:
        if any(v["Pricebook2Id"] == new.get("Pricebook2Id") for v in same):
            raise refuse("DUPLICATE_VALUE/price")
        if new.get("Pricebook2Id") not in (None, org.standard_book) and standard is None:
            raise refuse("STANDARD_PRICE_NOT_DEFINED")
    if new.get("UseStandardPrice") and standard is not None:
        new["UnitPrice"] = standard["UnitPrice"]
    if new.get("UnitPrice") is None:
        raise refuse("REQUIRED_FIELD_MISSING", field="UnitPrice", fields=["UnitPrice"])


def order_status(org: Org, change: Change) -> None:
    """An order begins as Draft, is activated with lines only, and sums them up."""
    if change.old is None and change.new.get("Status") not in (None, "Draft") and not change.writer.system:
        raise refuse("FAILED_ACTIVATION", text="An order must be created with the status Draft.", fields=["Status"])
    change.new["StatusCode"] = change.new.get("Status")
    change.new.update(TOTALS["Order"](org, change.new))
    activated = change.old is not None and change.old.get("Status") == "Draft" and change.new["Status"] == "Activated"
    if activated and not change.new["TotalAmount"]:
        raise refuse("FAILED_ACTIVATION", text="An order must have at least one product.", fields=["Status"])


def order_line(org: Org, change: Change) -> None:
    """The lines of an activated order are locked."""
    orders = org.catalogue.find("Order")
    row = org.store.table(orders).rows.get(change.new.get("OrderId") or "") if orders else None
    if row is not None and row.values["Status"] == "Activated" and not change.writer.system:
        raise refuse("FIELD_INTEGRITY_EXCEPTION", text="The lines of an activated order cannot be changed.")


def contract_status(_: Org, change: Change) -> None:
    """A contract begins as Draft; its end follows from start and term."""
    new = change.new
    if change.old is None and new.get("Status") != "Draft" and not change.writer.system:
        text = "Choose a valid contract status and save your changes. Ask your admin for details."
        raise refuse("FIELD_INTEGRITY_EXCEPTION", text=text, fields=["Status"])
    new["StatusCode"] = {"In Approval Process": "InApproval"}.get(new["Status"], new["Status"])
    new["EndDate"] = None
    if new.get("StartDate") and new.get("ContractTerm"):
        start = date.fromisoformat(new["StartDate"])
        months = start.year * 12 + start.month - 1 + new["ContractTerm"]
        first = date(months // 12, months % 12 + 1, 1)
        after = (first.replace(day=28) + timedelta(4)).replace(day=1)
        day = min(start.day, (after - first).days)
        new["EndDate"] = (first.replace(day=day) - timedelta(1)).isoformat()


def own_totals(org: Org, change: Change) -> None:
    """Calculated totals of a record follow its lines."""
    change.new.update(TOTALS[change.schema.name](org, change.new))


def posted_invoice(_: Org, change: Change) -> None:
    """A posted invoice or credit memo stays."""
    if change.new["IsDeleted"] and change.new.get("Status") == "Posted":
        raise refuse("DELETE_FAILED", text="a posted document cannot be deleted")


def automatic_payment(org: Org, change: Change) -> None:
    """NPSP makes one payment for a new opportunity, unless told not to."""
    payments = org.catalogue.find("npe01__OppPayment__c")
    amount = change.new.get("Amount")
    wanted = change.old is None and amount and not change.new.get("npe01__Do_Not_Automatically_Create_Payment__c")
    if payments is None or not wanted:
        return
    values = blank(org, payments)
    values.update(npe01__Opportunity__c=change.new["Id"], npe01__Payment_Amount__c=amount)
    values.update(npe01__Scheduled_Date__c=change.new.get("CloseDate"), npe01__Paid__c=bool(change.new.get("IsWon")))
    if values["npe01__Paid__c"]:
        values["npe01__Payment_Date__c"] = change.new.get("CloseDate")
    save(org, payments, values)


def roll_up(org: Org, change: Change) -> None:
    """The parents of a changed line get their totals anew."""
    for link, name in PARENTS.get(change.schema.name, ()):
        schema = org.catalogue.find(name)
        linked = (change.new.get(link), (change.old or {}).get(link))
        for record_id in sorted({i for i in linked if i}):
            row = org.store.table(schema).rows.get(record_id) if schema else None
            if schema is not None and row is not None and not row.values["IsDeleted"]:
                totals = TOTALS[name](org, row.values)
                if any(row.values.get(k) != v for k, v in totals.items()):
                    save(org, schema, {**row.values, **totals})


BEFORE: dict[str, tuple[Hook, ...]] = {
    "Account": (complete_person,),
    "Contact": (protect_twin, full_name),
    "Contract": (contract_status,),
    "CreditMemo": (own_totals, posted_invoice),
    "GiftTransaction": (own_totals,),
    "Invoice": (own_totals, posted_invoice),
    "Opportunity": (opportunity_stage,),
    "OpportunityLineItem": (opportunity_line, line_product),
    "Order": (order_status,),
    "OrderItem": (order_line, line_product),
    "Payment": (own_totals,),
    "PricebookEntry": (price_entry,),
    "User": (full_name,),
}
AFTER: dict[str, tuple[Hook, ...]] = {
    "Account": (keep_twin,),
    "Opportunity": (automatic_payment,),
}


def before(org: Org, change: Change) -> None:
    """Complete the values to be stored. Refuses what the platform's own rules forbid."""
    for hook in (*BEFORE.get(change.schema.name, ()), complete_places, compose_addresses):
        hook(org, change)


def after(org: Org, change: Change) -> None:
    """Let other records follow."""
    for hook in (*AFTER.get(change.schema.name, ()), roll_up):
        hook(org, change)
