"""Invoices and payments on the wire: the documented order of elements in the legacy functions, and their fields.

Sources: intacct-api.md 4.4 and 4.6; what only the JavaScript SDK sends (`onhold`, action before batchkey) is taken too.
Tables only.
"""

_DATES = "datecreated dateposted datedue termname batchkey+|action+"
_MONEY = "basecurr currency exchratedate exchratetype|exchrate nogl supdocid customfields taxsolutionid"
_NAMES = "invoiceno ponumber onhold description externalid"

INVOICE = tuple(f"customerid {_DATES} {_NAMES} billto shipto {_MONEY} invoiceitems".split())
INVOICE_UPDATE = tuple(f"customerid {_DATES} {_NAMES} payto returnto {_MONEY} updateinvoiceitems".split())
_ITEM = "glaccountno|accountlabel offsetglaccountno amount allocationid memo locationid departmentid key totalpaid"
_REVENUE = "totaldue customfields revrectemplate defrevaccount revrecstartdate revrecenddate projectid taskid"
_DIMENSIONS = "costtypeid customerid vendorid employeeid itemid classid contractid warehouseid taxentries"
INVOICE_ITEM = tuple(f"{_ITEM} {_REVENUE} {_DIMENSIONS}".split())
ITEMS, CHANGED_ITEMS = ("lineitem+",), ("updatelineitem+|lineitem+",)
REVERSAL = ("datereversed", "description", "nsfclosedaccount")
_PAYER = "customerid paymentamount translatedamount batchkey|bankaccountid|undepfundsacct refid overpaylocid"
_RECEIPT = "overpaydeptid datereceived paymentmethod basecurr currency exchratedate exchratetype|exchrate cctype"
PAYMENT = tuple(f"{_PAYER} {_RECEIPT} authcode arpaymentitem+ onlinecardpayment onlineachpayment".split())
PAYMENT_ITEM = ("invoicekey", "amount")
_CREDIT = "arpaymentkey paymentdate batchkey memo overpaylocid overpaydeptid"
APPLICATION = tuple(f"{_CREDIT} arpaymentitems".split())
APPLIED_ITEMS = ("arpaymentitem+",)

INVOICE_FIELDS = {
    "datecreated": "WHENCREATED",
    "dateposted": "WHENPOSTED",
    "datedue": "WHENDUE",
    "batchkey": "PRBATCH",
    "invoiceno": "RECORDID",
    "ponumber": "DOCNUMBER",
    "payto": "BILLTO",
    "returnto": "SHIPTO",
    "exchratedate": "EXCH_RATE_DATE",
    "exchratetype": "EXCH_RATE_TYPE_ID",
    "exchrate": "EXCHANGE_RATE",
}
ITEM_FIELDS = {
    "glaccountno": "ACCOUNTNO",
    "amount": "TRX_AMOUNT",
    "memo": "ENTRYDESCRIPTION",
}
PAYMENT_FIELDS = {
    "bankaccountid": "FINANCIALENTITY",
    "undepfundsacct": "UNDEPOSITEDACCOUNTNO",
    "translatedamount": "AMOUNTTOPAY",
    "refid": "DOCNUMBER",
    "overpaylocid": "OVERPAYMENTLOCATIONID",
    "overpaydeptid": "OVERPAYMENTDEPARTMENTID",
    "datereceived": "RECEIPTDATE",
    "exchratedate": "EXCH_RATE_DATE",
    "exchratetype": "EXCH_RATE_TYPE_ID",
    "exchrate": "EXCHANGE_RATE",
}
"""Elements whose field is not their own name in capitals."""
