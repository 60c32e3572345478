"""Constructors of the events that the directory emits."""

from provider_contact.directory.models import ProviderRow
from shared.contracts import ProviderRecorded


def provider_recorded(row: ProviderRow, *, active: bool) -> ProviderRecorded:
    """Return the event for the public part of a `provider` row."""
    return ProviderRecorded(
        provider_id=row["provider_id"],
        name_kk=row["name_kk"],
        name_ru=row["name_ru"],
        short_name=row["short_name"],
        aliases=row["aliases"],
        region=row["region"],
        district=row["district"],
        kind=row["kind"],
        ownership=row["ownership"],
        active=active,
    )
