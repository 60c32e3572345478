"""How long a loop rests after a batch: under a steady stream batches grow instead of transactions, and a lonely event waits for nobody.

A transaction, a request to the broker and a claim of texts cost the same for one event as for ten: at 100 appeals a second a batch for each
took 95 % of two cores, and what waited for a core was most of the way to the desk.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """In seconds. Whoever comes after the rest is served at once, whoever comes within it with all others who do."""

    gather: float
    """What comes within this time after a batch makes one batch."""
    each: float
    """For each event of the batch: the more come, the more the next batch may hold."""
    longest: float

    def rest(self, events: int, took: float) -> float:
        """After a batch of so many events: at least as long as it `took`, so that a busy machine gets larger batches, not more of them."""
        return min(max(self.gather, self.each * events, took), self.longest)


RELAY = Pace(gather=0.03, each=0.002, longest=0.1)
PROMPT = Pace(gather=0.04, each=0.001, longest=0.25)
"""A reader that somebody waits for: what it makes of an event is where the next step begins."""
PATIENT = Pace(gather=0.15, each=0.001, longest=0.25)
"""A reader that keeps copies and figures for whoever looks next."""
