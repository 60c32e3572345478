"""The queries of the register, one module an area. Those of appeals, tracking, timeline and the directory are exported here."""

from intake.register.repository.appeals import (
    Sequences,
    active_provider,
    active_providers,
    add_appeals,
    add_imported,
    add_timeline,
    appeal_by_number,
    imported_appeals,
    known_providers,
    lock_trackings,
    next_sequences,
    provider_names,
    sealed_contents,
    timeline,
    update_trackings,
    upsert_providers,
)

__all__ = [
    "Sequences",
    "active_provider",
    "active_providers",
    "add_appeals",
    "add_imported",
    "add_timeline",
    "appeal_by_number",
    "imported_appeals",
    "known_providers",
    "lock_trackings",
    "next_sequences",
    "provider_names",
    "sealed_contents",
    "timeline",
    "update_trackings",
    "upsert_providers",
]
