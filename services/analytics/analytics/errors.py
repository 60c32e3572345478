"""What can go wrong in this service beyond what all services share."""


class UnknownAppeal(LookupError):
    """An event of an appeal whose first event was not applied: it is parked and may be replayed once that one is there."""
