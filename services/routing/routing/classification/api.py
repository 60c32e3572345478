"""Classification of a text over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from routing.classification.schemas import ClassificationView, ClassifyText
from routing.classification.service import classify
from shared.auth import STAFF, Principal, require
from shared.errors import Forbidden, TooMany, Unauthorized, responses
from shared.http import body
from shared.offload import run_on_text

router = APIRouter(tags=["classifications"])


@router.post("/v1/classifications", responses=responses(Unauthorized, Forbidden, TooMany))
async def classify_text(
    request: Request,
    principal: Annotated[Principal, Depends(require(*STAFF, "channel"))],
    asked: Annotated[ClassifyText, body(ClassifyText)],
) -> ClassificationView:
    """Return what a text is about. The text is neither stored nor logged."""
    request.app.state.classifications.spend(principal.identity)
    found = await run_on_text(asked.text, classify, asked.text)
    return ClassificationView.model_validate(found.as_row())
