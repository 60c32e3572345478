"""What the routes of inquiries, and of the slices above them, share of a request."""

from typing import Annotated

from fastapi import Depends, Request

from provider_contact.inquiries.service import Actions, FindDeliveries, Notices


async def _actions(request: Request) -> Actions:
    actions: Actions = request.app.state.actions
    return actions


ActionsDep = Annotated[Actions, Depends(_actions)]


async def _notices(actions: ActionsDep) -> Notices:
    return actions.notices


NoticesDep = Annotated[Notices, Depends(_notices)]


async def _find_deliveries(request: Request) -> FindDeliveries:
    found: FindDeliveries = request.app.state.find_deliveries
    return found


FindDeliveriesDep = Annotated[FindDeliveries, Depends(_find_deliveries)]
