"""Every question that intake asks its database, a module an area; the register's are at hand here."""

from intake.register.repository.appeals import (
    Sequences,
    active_providers,
    add_appeals,
    add_content_read,
    add_imported,
    add_timeline,
    appeal_by_number,
    imported,
    known_providers,
    next_sequences,
    provider_names,
    put_providers,
    put_trackings,
    sealed_contents,
    timeline,
    trackings,
)

__all__ = [
    "Sequences",
    "active_providers",
    "add_appeals",
    "add_content_read",
    "add_imported",
    "add_timeline",
    "appeal_by_number",
    "imported",
    "known_providers",
    "next_sequences",
    "provider_names",
    "put_providers",
    "put_trackings",
    "sealed_contents",
    "timeline",
    "trackings",
]
