"""A process that is kept running beside another one: the runner of `nas serve`."""

from __future__ import annotations

import logging
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from workers.background import alongside

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 0.2
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0


@contextmanager
def kept_running(
    command: Sequence[str], environment: Mapping[str, str], *, end_seconds: float
) -> Iterator[None]:
    """Run a command for as long as the block lasts, anew whenever it ends before that.

    Its jobs are taken up where they stood. The pauses before it is started anew grow where it does
    not last. At the block's end it is told to stop, and killed after `end_seconds`.
    """

    def keep(ended: threading.Event) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not ended.is_set():
            started = time.monotonic()
            # Ctrl-C reaches the process that keeps it alone, which then stops it.
            process = subprocess.Popen(command, env=environment, start_new_session=True)
            while process.poll() is None and not ended.wait(_LOOK_SECONDS):
                pass
            if process.poll() is None:
                _end(process, end_seconds)
                return
            if time.monotonic() - started > _LONGEST_PAUSE_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            _LOG.warning(
                "the runner ended with %d; it is started anew in %g s", process.returncode, pause
            )
            ended.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    with alongside(keep, name="kept-running"):
        yield


def _end(process: subprocess.Popen[bytes], seconds: float) -> None:
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
