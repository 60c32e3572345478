"""Contents that intake and provider-contact return for the desk, as far as the desk shows them."""

from datetime import datetime

from pydantic import BaseModel


class Particulars(BaseModel):
    """The part of the appeal's particulars that the desk shows."""

    contested_act: str | None = None


class ApplicantContent(BaseModel):
    """Who filed the appeal; fields that are not known are None."""

    full_name: str | None = None
    iin: str | None = None
    phone: str | None = None
    email: str | None = None
    address: str | None = None


class MessageContent(BaseModel):
    """A message of the applicant; `text` is None if its seal is broken."""

    at: datetime
    text: str | None


class AttachmentContent(BaseModel):
    """A file of the appeal: its kind, size in bytes and state."""

    kind: str | None
    size: int
    state: str


class AppealContent(BaseModel):
    """What intake returns of an appeal. Every field depends on the purpose, and is absent after an erasure."""

    text: str | None = None
    contested_act: str | None = None
    particulars: Particulars | None = None
    provider_name: str | None = None
    applicant: ApplicantContent | None = None
    messages: list[MessageContent] = []
    attachments: list[AttachmentContent] = []

    @property
    def contested(self) -> str:
        """The contested act: a field of its own, or one of the particulars if the applicant is shown too."""
        return self.contested_act or (self.particulars.contested_act if self.particulars else None) or ""


class ResponseContent(BaseModel):
    """What provider-contact returns of a response."""

    text: str | None = None
    language: str = ""
