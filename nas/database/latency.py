"""What operations take on a device: measured once, used by every job after that."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from nas.database.base import Table


class LatencySetupRow(Table):
    """A device, and everything else that latencies measured on it depend on."""

    __tablename__ = "latency_setups"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    conditions_json: Mapped[dict[str, Any]] = mapped_column(JSON)


class OperationLatencyRow(Table):
    """One operation on inputs of one shape; the key is a digest of `operation`."""

    __tablename__ = "operation_latencies"

    setup_id: Mapped[str] = mapped_column(
        ForeignKey("latency_setups.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    operation: Mapped[str] = mapped_column(Text)
    milliseconds: Mapped[float]


class LatencyFitRow(Table):
    """What networks take beside their operations; see `workers.latency.fit`.

    `networks` names them: those of a space, for images of one shape.
    """

    __tablename__ = "latency_fits"

    setup_id: Mapped[str] = mapped_column(
        ForeignKey("latency_setups.id", ondelete="CASCADE"), primary_key=True
    )
    networks: Mapped[str] = mapped_column(String(200), primary_key=True)
    fit_json: Mapped[dict[str, float]] = mapped_column(JSON)


def add_setup(session: Session, conditions: Mapping[str, Any]) -> str:
    """Return the id of the setup with these conditions, which is added if it is new."""
    setup_id = _digest(json.dumps(dict(conditions), sort_keys=True))
    if session.get(LatencySetupRow, setup_id) is None:
        session.add(LatencySetupRow(id=setup_id, conditions_json=dict(conditions)))
        session.flush()
    return setup_id


def list_operations(session: Session, setup_id: str) -> dict[str, float]:
    """Return all operations measured in a setup, and their milliseconds."""
    query = select(OperationLatencyRow.operation, OperationLatencyRow.milliseconds).where(
        OperationLatencyRow.setup_id == setup_id
    )
    return {row.operation: row.milliseconds for row in session.execute(query)}


def add_operations(session: Session, setup_id: str, measured: Mapping[str, float]) -> None:
    """Store operations; one that another runner has stored meanwhile stays as it is."""
    for operation, milliseconds in measured.items():
        key = _digest(operation)
        if session.get(OperationLatencyRow, (setup_id, key)) is None:
            session.add(
                OperationLatencyRow(
                    setup_id=setup_id, key=key, operation=operation, milliseconds=milliseconds
                )
            )


def find_fit(session: Session, setup_id: str, networks: str) -> dict[str, float] | None:
    """Return the fit for these networks, if there is one."""
    row = session.get(LatencyFitRow, (setup_id, networks))
    return None if row is None else row.fit_json


def add_fit(session: Session, setup_id: str, networks: str, fit: Mapping[str, float]) -> None:
    """Store the fit for these networks, unless another runner has done so."""
    if session.get(LatencyFitRow, (setup_id, networks)) is None:
        session.add(LatencyFitRow(setup_id=setup_id, networks=networks, fit_json=dict(fit)))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
