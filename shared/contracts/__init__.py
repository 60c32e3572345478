"""Event contracts: every event that a service may publish, versioned. The registry names the owning service of each type."""

from shared.contracts import event, intake, provider_contact, routing
from shared.contracts.event import *
from shared.contracts.intake import *
from shared.contracts.provider_contact import *
from shared.contracts.routing import *

__all__: list[str] = []
__all__ += event.__all__
__all__ += intake.__all__
__all__ += provider_contact.__all__
__all__ += routing.__all__
