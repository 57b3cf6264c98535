"""Clients that cost little: HTTP/1.1 over a socket, enough for a server under load."""

from __future__ import annotations

import asyncio
import re
import time

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


async def poll(port: int, path: str, seconds: float, pause: float, phase: float) -> list[float]:
    """Ask for a path until the time is over, and return the seconds to each answer.

    With a pause, the first request comes after the share `phase` of it.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    request = _request(path)
    latencies: list[float] = []
    deadline = time.perf_counter() + seconds
    await asyncio.sleep(pause * phase)
    while True:
        began = time.perf_counter()
        if began >= deadline:
            break
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not head.startswith(b"HTTP/1.1 200") or length is None:
            raise RuntimeError(f"{path}: {head[:200]!r}")
        await reader.readexactly(int(length[1]))
        latencies.append(time.perf_counter() - began)
        if pause:
            await asyncio.sleep(pause - (time.perf_counter() - began) % pause)
    writer.close()
    return latencies


class Follower:
    """One held stream of events."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @property
    def is_closed(self) -> bool:
        """Whether the server has ended the stream."""
        return self._reader.at_eof()

    async def next_event(self) -> bytes:
        """Wait for the job's next `job` event, which comes after its trials'."""
        while True:
            line = await self._reader.readuntil(b"\n")
            if line.startswith(b"event: job"):
                return await self._reader.readuntil(b"\n\n")

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


async def follow(port: int, path: str) -> Follower:
    """Open a stream and wait until the server has answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    writer.write(_request(path))
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"{path}: {head[:200]!r}")
    return Follower(reader, writer)


def _request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n".encode()
