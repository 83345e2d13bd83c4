"""The twin of the accept benchmark: the least a FastAPI endpoint can do that stores what it was given.

One row by the same engine settings, session class and server options as the product's. No key, no queue, no rules.
`python -m benchmarks.bare DATABASE_URL PORT`.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import uuid_utils
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sqlmodel import Field, SQLModel

from app.store.session import open_engine, session_maker

ACCEPTED = 202


class Wish(SQLModel, table=True):
    """A row of about the weight of an operation."""

    __tablename__ = "bare_wish"
    id: str = Field(primary_key=True, max_length=36)
    record_id: str = Field(max_length=18, index=True)
    origin: str = Field(max_length=20)
    requested_by: str | None = Field(default=None, max_length=120)
    state: str = Field(max_length=20)
    created_at: datetime


class Asked(BaseModel):
    """The body, as the product takes it."""

    origin: str = "apex"
    requestedBy: str | None = None  # noqa: N815 - the wire's name


class Answer(BaseModel):
    """What is answered."""

    id: str
    record_id: str
    state: str


def build(url: str) -> FastAPI:
    """The application over its own table in the database at `url`."""
    engine = open_engine(url)
    sessions = session_maker(engine)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with engine.begin() as connection:
            await connection.run_sync(SQLModel.metadata.tables["bare_wish"].create, checkfirst=True)
        yield
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)

    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {}

    @app.post("/v1/sync/account/{record_id}", status_code=ACCEPTED)
    async def accept(record_id: str, asked: Asked) -> Answer:
        now, made = datetime.now(UTC), str(uuid_utils.uuid7())
        async with sessions() as session, session.begin():
            session.add(
                Wish(
                    id=made,
                    record_id=record_id,
                    origin=asked.origin,
                    requested_by=asked.requestedBy,
                    state="queued",
                    created_at=now,
                )
            )
        return Answer(id=made, record_id=record_id, state="queued")

    return app


def main(url: str, port: int) -> None:
    """Serve until SIGTERM, with the options of `tandem api`."""
    uvicorn.run(build(url), host="127.0.0.1", port=port, access_log=False, log_config=None, server_header=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
