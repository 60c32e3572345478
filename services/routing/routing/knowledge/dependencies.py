"""Who keeps the articles."""

from typing import Annotated, Final

from fastapi import Depends

from shared.auth import Principal, Role, require, require_page

KEEPERS: Final[tuple[Role, ...]] = ("supervisor", "head", "admin")
"""They write, review and publish; nobody publishes what they wrote."""

KeeperDep = Annotated[Principal, Depends(require(*KEEPERS))]
PageKeeperDep = Annotated[Principal, Depends(require_page(*KEEPERS))]
