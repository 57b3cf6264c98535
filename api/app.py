"""The application: REST under /api/v1, the dashboard at /."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware

from api import documentation, problems
from api.access import login
from api.access.gate import Gate
from api.access.headers import SecurityHeaders
from api.access.ownership import require_access
from api.access.policy import AccessPolicy
from api.bodies import BodyLimits
from api.dashboard.page import mount_dashboard
from api.job_feeds import JobFeeds
from api.openapi import DESCRIPTION, describe
from api.reads import KnownReads, Reads
from api.routes import (
    architectures,
    artifacts,
    catalogue,
    events,
    exports,
    health,
    jobs,
    keys,
    metrics,
    pareto,
    policies,
    scaling,
    trials,
)
from api.torch_process import TorchProcess
from api.unknown import UnknownRoute
from nas.database import Database
from nas.settings import Settings


def create_app(
    database: Database, settings: Settings, access: AccessPolicy | None = None
) -> FastAPI:
    """Make the application over an open database; the caller closes it afterwards.

    Without `access`, whoever reaches it may do everything.
    """
    access = access or AccessPolicy(origins=settings.cors_origins)
    torch_process, reads = TorchProcess(), Reads(database)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        torch_process.close()
        reads.close()

    app = FastAPI(
        title="Neural architecture search",
        description=DESCRIPTION,
        version="0.1.0",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.database, app.state.settings = database, settings
    app.state.torch_process, app.state.reads = torch_process, reads
    app.state.job_feeds = JobFeeds(database, reads.freshness)
    problems.install(app)
    describe(app)
    for resource in (jobs, events, pareto, policies, scaling, trials, exports, artifacts):
        app.include_router(
            resource.router, prefix="/api/v1", dependencies=[Depends(require_access)]
        )
    for resource in (catalogue, architectures, keys):
        app.include_router(resource.router, prefix="/api/v1")
    app.include_router(login.router)
    documentation.install(app)
    app.include_router(health.router)
    app.include_router(metrics.router)
    app.router.routes.append(UnknownRoute(app.routes))
    app.add_middleware(KnownReads, reads=reads)
    app.add_middleware(BodyLimits)
    mount_dashboard(app, database)
    app.add_middleware(Gate, database=database, policy=access)
    if access.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(access.origins),
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=["ETag", "Location", "Retry-After"],
        )
    app.add_middleware(SecurityHeaders)
    return app
