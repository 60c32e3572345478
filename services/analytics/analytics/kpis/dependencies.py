"""The request dependency by which routes get the cache of public figures."""

from typing import Annotated

from fastapi import Depends, Request

from analytics.kpis.service.public_figures import PublicFigures


async def get_public_figures(request: Request) -> PublicFigures:
    """Return the public figures that the application was started with."""
    public: PublicFigures = request.app.state.public_figures
    return public


PublicFiguresDep = Annotated[PublicFigures, Depends(get_public_figures)]
