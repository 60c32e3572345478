"""Request dependencies that the routes of several slices use."""

from typing import Annotated

from fastapi import Depends, Request

from shared.service import Parts


def parts_of(request: Request) -> Parts:
    """Return the collaborators that the running service was built with."""
    parts: Parts = request.app.state.parts
    return parts


PartsDep = Annotated[Parts, Depends(parts_of)]
