"""Contents of an appeal as other services read them: JSON by the claim check."""

from typing import Any, TypedDict

from intake.register.schemas.rows import Particulars


class MessageContent(TypedDict):
    """A message of the applicant; `text` is None for files without a text, and for a `damaged` one."""

    id: str
    at: str
    by: str
    kind: str
    text: str | None
    damaged: bool


class FileContent(TypedDict):
    """A file. `size` is bytes; `message_id` None: it came with the appeal itself; `name` is None for a damaged one."""

    attachment_id: str
    message_id: str | None
    name: str | None
    media_type: str
    kind: str | None
    size: int
    state: str
    available: bool
    added_at: str


class AppealContent(TypedDict, total=False):
    """The fields that a purpose opens; messages, attachments and the articles shown before filing where it includes them."""

    text: str | None
    provider_name: str | None
    provider_bin: str | None
    applicant: dict[str, str] | None
    particulars: Particulars | None
    contested_act: str | None
    messages: list[MessageContent]
    attachments: list[FileContent]
    reads: list[dict[str, Any]]
    shown_articles: list[str]
