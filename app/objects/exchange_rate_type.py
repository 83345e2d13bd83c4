"""Exchange rate types: a managed list keyed by name (product.md 3.4)."""

from app.domain.lists import managed_list

OBJECT = managed_list(
    "exchange_rate_type",
    "Exchange rate type",
    intacct=("EXCHANGERATETYPES", "NAME", "NAME"),
    salesforce=("ia_crm__Exchange_Rate_Type__c", "Name"),
)
