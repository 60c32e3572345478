"""The registry of personal data: every stored column that can hold personal text or identify a person."""

from typing import Final

from shared.privacy import intake, other_services
from shared.privacy.model import EVERY_SERVICE, Protection, StoredField, stored_fields
from shared.privacy.other_services import STORES

REGISTRY: Final = tuple(stored_fields((*intake.TABLES, *other_services.TABLES)))

__all__ = ["EVERY_SERVICE", "REGISTRY", "STORES", "Protection", "StoredField"]
