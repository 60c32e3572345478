"""Pauses between batches: under a steady stream batches grow instead of their number, and a single event is not delayed.

A transaction, a request to the broker and a claim check cost the same for one event as for ten. At 100 appeals a second one batch
per appeal took 95 % of two cores, and waiting for a core was most of an appeal's delay on its way to the desk.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Pauses in seconds. An event that arrives after the pause is processed at once; those that arrive during it form one batch."""

    gather: float
    """The shortest pause after a batch."""
    each: float
    """The pause per event of the batch: the more events arrive, the larger the next batch may be."""
    longest: float

    def rest(self, events: int, took: float) -> float:
        """Return the pause after a batch of `events`.

        It is at least as long as the batch `took`, so that a busy machine gets larger batches.
        """
        return min(max(self.gather, self.each * events, took), self.longest)


RELAY = Pace(gather=0.03, each=0.002, longest=0.1)
PROMPT = Pace(gather=0.04, each=0.001, longest=0.25)
"""For consumers whose result somebody waits for: the next processing step starts with it."""
PATIENT = Pace(gather=0.15, each=0.001, longest=0.25)
"""For consumers that maintain copies and figures."""
