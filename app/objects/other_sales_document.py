"""Other sales documents of classic definitions: a read-only mirror of Order Entry (product.md 2.2 no. 6)."""

from app.domain.sales_mirrors import sales_mirror
from app.domain.transactions import Category

OBJECT = sales_mirror("other_sales_document", "Other sales document", "ia_crm__Other_Sales_Document", Category.OTHER)
