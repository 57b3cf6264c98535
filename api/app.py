"""The application: REST under /api/v1, the dashboard at /."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api import problems
from api.dashboard.page import mount_dashboard
from api.routes import (
    architectures,
    artifacts,
    catalogue,
    exports,
    health,
    jobs,
    metrics,
    pareto,
    policies,
    trials,
)
from api.torch_process import TorchProcess
from nas.database import Database
from nas.settings import Settings


def create_app(database: Database, settings: Settings) -> FastAPI:
    """Make the application over an open database; the caller closes it afterwards."""
    torch_process = TorchProcess()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        torch_process.close()

    app = FastAPI(
        title="Neural architecture search",
        version="0.1.0",
        openapi_url="/api/openapi.json",
        docs_url="/api/docs",
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.database, app.state.settings, app.state.torch_process = (
        database,
        settings,
        torch_process,
    )
    problems.install(app)
    for resource in (jobs, pareto, policies, trials, exports, catalogue, architectures, artifacts):
        app.include_router(resource.router, prefix="/api/v1")
    app.include_router(health.router)
    app.include_router(metrics.router)
    mount_dashboard(app, database)
    return app
