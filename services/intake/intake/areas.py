"""The routers of intake's areas beside the register itself."""

from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter

from intake.attachments import api as attachments
from intake.channels import app, applicant, services
from intake.channels.counter import api as counter
from intake.channels.partner import api as partner
from intake.channels.phone import api as phone
from intake.channels.telegram import api as telegram
from intake.notices import api as notices

AREAS: Final[Sequence[APIRouter]] = (
    services.router,
    applicant.router,
    app.router,
    counter.router,
    partner.router,
    phone.router,
    telegram.router,
    notices.router,
    attachments.router,
)
