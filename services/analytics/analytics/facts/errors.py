"""Failures of building facts."""


class UnknownAppeal(LookupError):
    """An event of an appeal whose first event was not applied. The event is quarantined and can be replayed after the first event."""
