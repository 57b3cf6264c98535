"""Reading server-sent events, line by line, and what they say of a job."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import BaseModel

from nas.job_events import DeletedTrialEvent, Event, EventName, JobEvent, TrialEvent

_DATA: dict[EventName, type[BaseModel]] = {
    EventName.JOB: JobEvent,
    EventName.END: JobEvent,
    EventName.TRIAL: TrialEvent,
    EventName.TRIAL_DELETED: DeletedTrialEvent,
}


@dataclass(frozen=True, slots=True)
class SentEvent:
    """One event as it was sent."""

    id: str
    name: str
    data: str


@dataclass(slots=True)
class EventLines:
    """Puts lines together to events (HTML standard, section 9.2.6); the last id stays known."""

    last_id: str = ""
    _name: str = ""
    _data: list[str] = field(default_factory=list)

    def take(self, line: str) -> SentEvent | None:
        """Take the next line, without its end; return the event that it completes."""
        if not line:
            return self._complete()
        if line.startswith(":"):
            return None
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id":
            self.last_id = value
        elif name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)
        return None

    def _complete(self) -> SentEvent | None:
        name, data = self._name or "message", self._data
        self._name, self._data = "", []
        return SentEvent(self.last_id, name, "\n".join(data)) if data else None


def read_job_event(sent: SentEvent) -> Event | None:
    """Read an event of a job; None for one of a kind that a newer service may have."""
    if sent.name not in list(EventName):
        return None
    name = EventName(sent.name)
    return Event(int(sent.id), name, _DATA[name].model_validate_json(sent.data))
