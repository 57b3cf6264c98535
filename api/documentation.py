"""The API's own page: Swagger UI from the installed package, so that it works without a network."""

from __future__ import annotations

from importlib.resources import files

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

_ASSETS = "/api/docs/assets"


def install(app: FastAPI) -> None:
    """Serve the page at `/api/docs`."""

    @app.get("/api/docs", include_in_schema=False)
    def page() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url=app.openapi_url or "",
            title=f"{app.title}: API",
            swagger_js_url=f"{_ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{_ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{_ASSETS}/favicon.png",
        )

    app.mount(_ASSETS, StaticFiles(directory=str(files("fastapi_offline") / "static")))
