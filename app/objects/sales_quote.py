"""Sales quotes of classic definitions: a read-only mirror of Order Entry (product.md 2.2 no. 6)."""

from app.domain.sales_mirrors import sales_mirror
from app.domain.transactions import Category

OBJECT = sales_mirror("sales_quote", "Sales quote", "ia_crm__Sales_Quote", Category.QUOTE)
