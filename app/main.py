"""ASGI entry: `uvicorn app.main:create_app --factory`. Alone in joining the API with the container."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uuid_utils
from fastapi import FastAPI

from app import telemetry
from app.api.application import build
from app.api.deps import House
from app.bootstrap import Container, open_container
from app.config import Settings, load_settings
from app.services.context import Context


def create_app(source: Settings | Container | Context | None = None) -> FastAPI:
    """The application over settings (default: those of the environment), an open container, or bare surroundings.

    Settings: the container is opened with the application and closed with it, and logging is configured.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if isinstance(source, Context):
            app.state.house = House(source)
            yield
        elif isinstance(source, Container):
            app.state.house = _house(source)
            yield
        else:
            settings = source or load_settings()
            telemetry.configure_logging(settings.log_level)
            async with open_container(settings) as container:
                app.state.house = _house(container)
                yield

    context = source.context if isinstance(source, Container) else source
    return build(lifespan, context.new_id if isinstance(context, Context) else _uuid7)


def _house(container: Container) -> House:
    queue = container.bell.reachable if container.settings.redis_url else None
    return House(container.context, queue)


def _uuid7() -> str:
    return str(uuid_utils.uuid7())
