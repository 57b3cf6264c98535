"""Schedulers: each decides, epoch by epoch, which trials are worth going on with."""

from nas.schedulers.base import Judgement, Scheduler
from nas.schedulers.options import SchedulerOptions, Signal
from nas.schedulers.registry import SCHEDULERS, SchedulerEntry, find_or_raise_scheduler
from nas.schedulers.request import SchedulerRequest

__all__ = [
    "SCHEDULERS",
    "Judgement",
    "Scheduler",
    "SchedulerEntry",
    "SchedulerOptions",
    "SchedulerRequest",
    "Signal",
    "find_or_raise_scheduler",
]
