"""What files need to know of an inquiry."""

from typing import Protocol
from uuid import UUID


class InquiryIds(Protocol):
    """The ids of an inquiry: a file belongs to one inquiry of one provider."""

    @property
    def inquiry_id(self) -> UUID: ...

    @property
    def provider_id(self) -> UUID: ...
