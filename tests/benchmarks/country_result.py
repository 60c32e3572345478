"""What a run of the country benchmark found, as it is written to `.run/country.json`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.country_stages import Stage, Stages
from tests.benchmarks.country_usage import LOAD, MEGABYTE, Usage


@dataclass(frozen=True)
class Traffic:
    """The last lines of the load generator: what was sent, and what the people did. `quiet`: `time.time` when all was consumed."""

    sent: Mapping[str, Any]
    done: Mapping[str, Any]
    quiet: float


@dataclass(frozen=True)
class Outcome:
    """The state of the stores after a run. `verified`: whether `aryz verify` found nothing, and its output."""

    stages: Stages
    events: Mapping[str, int]
    disk: int
    differences: list[str]
    verified: bool
    verification: str


@dataclass(frozen=True)
class Result:
    """What a run measured. Times in seconds, processor time in ms per appeal, memory in MB."""

    appeals: int
    wanted: int
    seconds: float
    """From the first appeal sent until the last one was counted by analytics."""
    per_second: float
    accepted_per_second: float
    quiet_seconds: float
    """From the first appeal sent until the people had finished and every event was consumed."""
    stages: Mapping[str, Stage]
    events: int
    """Of appeals, in the log; analytics stores a row for each."""
    events_per_appeal: float
    events_by_type: Mapping[str, int]
    processor_ms: Mapping[str, float]
    load_ms: float
    idle_ms_per_second: Mapping[str, float]
    """Processor time of each process before anything was sent: the slower a run, the more of it falls on an appeal."""
    peak_mb: Mapping[str, float]
    disk_mb: float
    actions: Mapping[str, Any]
    missing: int
    """Accepted appeals that analytics has not counted."""
    differences: list[str]
    """Published figures that differ from what was sent."""
    verified: bool
    verification: str

    @property
    def is_sound(self) -> bool:
        """Whether everything wanted was sent, and nothing was lost or differs."""
        return self.appeals == self.wanted and not self.missing and not self.differences and self.verified


def result(wanted: int, traffic: Traffic, outcome: Outcome, usage: Usage, idle: Usage) -> Result:
    """Put the figures of a run together. `idle`: the usage before anything was sent."""
    sent, count = traffic.sent, traffic.sent["accepted"]
    seconds = outcome.stages.last_counted - sent["began"]
    events = sum(outcome.events.values())
    return Result(
        appeals=count,
        wanted=wanted,
        seconds=round(seconds, 2),
        per_second=round(count / seconds, 1),
        accepted_per_second=round(count / (sent["ended"] - sent["began"]), 1),
        quiet_seconds=round(traffic.quiet - sent["began"], 2),
        stages=outcome.stages.stages,
        events=events,
        events_per_appeal=round(events / count, 3),
        events_by_type=outcome.events,
        processor_ms=_milliseconds(usage, count),
        load_ms=round(traffic.done["processor_seconds"] / count * 1000, 3),
        idle_ms_per_second=_milliseconds(idle, idle.seconds),
        peak_mb=usage.peak_megabytes,
        disk_mb=round(outcome.disk / MEGABYTE, 1),
        actions=traffic.done["actions"],
        missing=outcome.stages.missing,
        differences=outcome.differences,
        verified=outcome.verified,
        verification=outcome.verification,
    )


def _milliseconds(usage: Usage, divisor: float) -> dict[str, float]:
    """Return the processor time of each process of the suite, divided."""
    return {name: round(seconds / divisor * 1000, 3) for name, seconds in usage.processor_seconds.items() if name != LOAD}
