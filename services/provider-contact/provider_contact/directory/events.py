"""Constructors of the events that the directory emits."""

from datetime import date

from provider_contact.directory.models import ProviderRow
from shared.contracts import ProviderRecorded


def provider_recorded(row: ProviderRow, today: date) -> ProviderRecorded:
    """Return the event for the public part of a `provider` row. Providers whose last day is over are not active."""
    return ProviderRecorded(
        provider_id=row["provider_id"],
        name_kk=row["name_kk"],
        name_ru=row["name_ru"],
        short_name=row["short_name"],
        aliases=list(dict.fromkeys((*row["aliases"], *row["added_aliases"]))),
        region=row["region"],
        district=row["district"],
        kind=row["kind"],
        ownership=row["ownership"],
        active=row["valid_to"] is None or row["valid_to"] >= today,
    )
