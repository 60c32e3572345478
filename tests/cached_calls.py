"""Caches of the process that hold what one test has built: endpoints with their application, dialects with their types."""

from fastapi.dependencies import models

from shared.fast import bulk, sqlite_rows, values

CACHED = [call for module in (models, bulk, sqlite_rows, values) for call in vars(module).values() if hasattr(call, "cache_clear")]


def release() -> None:
    """Empty the caches. A process of the product has one application and one dialect, so there they stay small."""
    for call in CACHED:
        call.cache_clear()
