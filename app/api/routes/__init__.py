"""The routes, one module per noun. Each is thin: parse, authorise, call one service, project."""

from fastapi import APIRouter

from app.api.routes import (
    bulk_updates,
    configuration,
    connection,
    definitions,
    error_groups,
    errors,
    events,
    health,
    journals,
    keys,
    mappings,
    mass_runs,
    match_tool,
    objects,
    operations,
    payments,
    preview,
    projects,
    records,
    requests,
    sales_documents,
    sync,
)

ROUTERS: tuple[APIRouter, ...] = tuple(
    module.router
    for module in (
        sync,
        projects,
        mass_runs,
        bulk_updates,
        match_tool,
        requests,
        operations,
        payments,
        errors,
        error_groups,
        events,
        records,
        preview,
        objects,
        journals,
        definitions,
        sales_documents,
        configuration,
        mappings,
        connection,
        keys,
        health,
    )
)
