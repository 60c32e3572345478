"""The web form and API calls without a token: anybody may file, through WEB alone."""

from intake.channels import Admission
from intake.errors import ChannelNotAllowed

CHANNEL = "WEB"


def admit(channel: str | None) -> Admission:
    """Raises ChannelNotAllowed for any channel but WEB."""
    if channel not in {None, CHANNEL}:
        raise ChannelNotAllowed
    return Admission(CHANNEL)
