"""Contents of an appeal as other services read them: JSON by the claim check."""

from typing import TypedDict

from intake.register.schemas.rows import Particulars


class MessageContent(TypedDict):
    """A message of the applicant; `text` is None for a damaged one."""

    id: str
    at: str
    by: str
    kind: str
    text: str | None


class FileContent(TypedDict):
    """A file without its name. `size` is bytes."""

    attachment_id: str
    kind: str | None
    size: int
    state: str
    added_at: str


class AppealContent(TypedDict, total=False):
    """The fields that a purpose opens; messages and attachments where it includes them."""

    text: str | None
    provider_name: str | None
    provider_bin: str | None
    applicant: dict[str, str] | None
    particulars: Particulars | None
    contested_act: str | None
    messages: list[MessageContent]
    attachments: list[FileContent]
