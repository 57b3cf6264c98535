"""The HTTP server, which does not wait for streams that last as long as a job."""

from __future__ import annotations

import gc
import socket

import uvicorn
from fastapi import FastAPI

_DRAIN_SECONDS = 3


class Server(uvicorn.Server):
    """Ends the streams of events before it waits for the requests under way."""

    def __init__(self, app: FastAPI, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_level="warning",
                log_config=None,
                timeout_graceful_shutdown=_DRAIN_SECONDS,
            )
        )
        self._feeds = app.state.job_feeds

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let clients know that it is over; they come back, with the id of their last event."""
        self._feeds.close()
        await super().shutdown(sockets)


def serve(app: FastAPI, host: str, port: int) -> None:
    """Serve until the process is told to end."""
    gc.freeze()  # what is there stays; to look through it again would hold up requests
    try:
        Server(app, host=host, port=port).run()
    except KeyboardInterrupt:
        return
