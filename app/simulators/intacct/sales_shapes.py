"""Order Entry on the wire: the documented order of elements in sales transactions, and the fields they stand for.

Creates and updates differ in their order (intacct-api.md 4.3). Tables only.
"""

_HEAD = "referenceno termname datedue"
_SHIPPING = "message shippingmethod shipto billto supdocid externalid basecurr currency exchratedate"
_REST = (
    "exchratetype|exchrate vsoepricelist customfields state projectid changelognumber needbydate shipbydate "
    "cancelafterdate donotshipbeforedate donotshipafterdate servicedeliverydate trackingnumber shippeddate "
    "customerponumber"
)
CREATE = tuple(
    f"transactiontype datecreated dateposted createdfrom customerid documentno origdocdate {_HEAD} {_SHIPPING} {_REST} "
    "taxsolutionid projectcontractid sotransitems subtotals".split()
)
UPDATE = tuple(
    f"datecreated dateposted {_HEAD} origdocdate {_SHIPPING} {_REST} updatesotransitems updatesubtotals".split()
)

_TO_MEMO = (
    "bundlenumber itemid itemaliasid itemdesc taxable warehouseid quantity unit linelevelsimpletaxtype discountpercent "
    "price conversiontype sourcelinekey discsurchargememo locationid"
)
_FROM_ITEMDETAILS = (
    "itemdetails customfields revrectemplate revrecstartdate revrecenddate renewalmacro projectid taskid costtypeid "
    "customerid vendorid employeeid classid paymenttaxcapture contractid fulfillmentstatus taskno billingtemplate "
    "dropship shipto needbydate shipby donotshipbeforedate donotshipafterdate datepickticketprinted cancelafterdate "
    "shippeddate"
)
CREATE_LINE = tuple(f"{_TO_MEMO} linesubtotals departmentid memo {_FROM_ITEMDETAILS}".split())
UPDATE_LINE = tuple(f"{_TO_MEMO} departmentid memo linesubtotals {_FROM_ITEMDETAILS}".split())
LINES = ("sotransitem+",)
CHANGED_LINES = ("updatesotransitem+|sotransitem+",)
SUBTOTALS, CHANGED_SUBTOTALS = ("subtotal+",), ("updatesubtotal+|subtotal+",)
_SUBTOTAL = (
    "description total absval percentval locationid departmentid projectid customerid vendorid employeeid classid "
    "itemid contractid customfields"
)
SUBTOTAL = tuple(_SUBTOTAL.split())

HEADER_FIELDS = {
    "transactiontype": "DOCPARID",
    "datecreated": "WHENCREATED",
    "dateposted": "WHENPOSTED",
    "customerid": "CUSTVENDID",
    "documentno": "DOCNO",
    "referenceno": "PONUMBER",
    "termname": "TERM.NAME",
    "datedue": "WHENDUE",
    "shippingmethod": "SHIPVIA",
    "exchratetype": "EXCHRATETYPES.NAME",
}
LINE_FIELDS = {"warehouseid": "WAREHOUSE.LOCATION_NO", "sourcelinekey": "SOURCE_DOCLINEKEY"}
"""Elements whose field is not their own name in capitals."""

NESTED = ("sotransitems", "subtotals", "updatesotransitems", "updatesubtotals")
STATES = {"Draft": "I", "Pending": "O", "Closed": "D"}
"""Labels a write takes, and the letters every read shows."""

FIXED_STATES = ("G", "C", "P")
"""In progress, converted, partially converted: such a document is not edited any more."""
