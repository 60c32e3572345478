"""What the other slices may use of the requests and responses of inquiries. The bodies of the actions are in `commands`."""

from provider_contact.inquiries.schemas.views import (
    ActionField,
    AppealStatement,
    ClosedAppeal,
    InquiryDetail,
    InquiryItem,
    JsonObject,
    NextAction,
)

__all__ = ["ActionField", "AppealStatement", "ClosedAppeal", "InquiryDetail", "InquiryItem", "JsonObject", "NextAction"]
