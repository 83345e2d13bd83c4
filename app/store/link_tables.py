"""The table of links that ended. Column types and defaults are those of `tables`."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from app.store.tables import Row


class FormerLink(Row, table=True):
    """A link that ended: `unlinked` by a person, or `merged` into the Salesforce record `successor`.

    It remembers that the record was in Intacct once (sync only once), and by which id the successor's older
    transactions are still found there.
    """

    __tablename__ = "former_link"
    __table_args__ = (
        Index("ix_former_link_record", "connection_id", "object", "salesforce_id"),
        Index("ix_former_link_natural", "connection_id", "object", "intacct_id"),
        Index("ix_former_link_successor", "connection_id", "object", "successor"),
    )
    id: str = Field(primary_key=True, max_length=36)
    connection_id: str = Field(foreign_key="connection.id", max_length=36)
    object: str = Field(max_length=40)
    salesforce_id: str = Field(max_length=40)
    intacct_key: str = Field(max_length=40)
    intacct_id: str = Field(max_length=200)
    why: str = Field(max_length=20)
    successor: str | None = Field(default=None, max_length=40)
    ended_by: str = Field(max_length=80)
    ended_at: datetime
