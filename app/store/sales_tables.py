"""Tables of Order Entry: how a connection uses Intacct's transaction definitions."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from app.store.tables import Row


class TransactionDefinition(Row, table=True):
    """One definition, by its name in Intacct; see `domain.transactions.Definition`."""

    __tablename__ = "transaction_definition"
    __table_args__ = (UniqueConstraint("connection_id", "name"),)
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    name: str = Field(max_length=80)
    category: str = Field(max_length=20)
    from_salesforce: bool = False
    to_salesforce: bool = False
    details: bool = True
    advanced: bool = True
    by_hand: bool = False
    updated_at: datetime
