from __future__ import annotations

import json
import logging
import os
import subprocess
import sys

import pytest

from nas.errors import InvalidInputError
from nas.logs import JsonFormatter, LogFormat, TextFormatter, log_context
from nas.settings import load_settings


@pytest.fixture
def logged(request):
    """Collect what a logger of the test's own writes, in a format."""

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    lines: list[str] = []
    logger, handler = logging.getLogger(f"test.{request.node.name}"), Lines()
    handler.setFormatter(request.param())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield logger, lines
    logger.removeHandler(handler)


@pytest.mark.parametrize("logged", [JsonFormatter], indirect=True)
def test_json_line_carries_the_ids_of_its_record_or_context(logged):
    logger, lines = logged
    with log_context(job_id="j"), log_context(trial_id="t"):
        logger.info("epoch %d\nof two", 1)
        logger.info("another", extra={"trial_id": "u"})
    logger.warning("outside")
    first, second, third = map(json.loads, lines)
    assert (first["job_id"], first["trial_id"]) == ("j", "t")
    assert (first["message"], first["level"]) == ("epoch 1\nof two", "info")
    assert first["time"].endswith("Z") and first["logger"] == logger.name
    assert (second["job_id"], second["trial_id"]) == ("j", "u")
    assert third.keys() == {"time", "level", "logger", "message"}


@pytest.mark.parametrize("logged", [JsonFormatter, TextFormatter], indirect=True)
def test_exception_is_logged_with_its_traceback(logged):
    logger, lines = logged
    try:
        raise ValueError("no such thing")
    except ValueError:
        logger.exception("it failed")
    (line,) = lines
    assert "ValueError: no such thing" in line and "Traceback" in line
    assert (line.count("\n") == 0) == line.startswith("{")


PROCESS = """
import logging, warnings
from nas.logs import configure_logging
from nas.settings import load_settings
configure_logging(load_settings().log_format)
logging.getLogger("workers").info("hello")
warnings.warn("careful")
"""


def test_process_writes_the_format_that_the_settings_name(tmp_path):
    lines = {}
    for name in LogFormat:
        environment = os.environ | {"NAS_LOG_FORMAT": name, "NAS_DATA_DIR": str(tmp_path)}
        command = [sys.executable, "-c", PROCESS]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        lines[name] = done.stderr.splitlines()
    hello, careful = map(json.loads, lines[LogFormat.JSON])
    assert hello["message"] == "hello"
    assert (careful["level"], careful["logger"]) == ("warning", "py.warnings")
    assert lines[LogFormat.TEXT][0].endswith(" INFO hello")


def test_unknown_format_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.setenv("NAS_LOG_FORMAT", "xml")
    with pytest.raises(InvalidInputError, match=r"NAS_LOG_FORMAT: .*'text' or 'json'"):
        load_settings(data_dir=tmp_path)
    assert LogFormat.JSON == "json"
