"""Who keeps the articles: the roles of `knowledge_policy.toml`."""

from typing import Annotated, Final

from fastapi import Depends

from routing.knowledge.policy import knowledge_policy
from shared.auth import Principal, Role, require, require_page

KEEPERS: Final[tuple[Role, ...]] = knowledge_policy().keepers  # a wrong file stops the start here, before any route exists

KeeperDep = Annotated[Principal, Depends(require(*KEEPERS))]
PageKeeperDep = Annotated[Principal, Depends(require_page(*KEEPERS))]
