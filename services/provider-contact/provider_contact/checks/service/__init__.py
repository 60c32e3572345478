"""What the assembly and the boundaries use of checks."""

from provider_contact.checks.policy import check_policies
from provider_contact.checks.service.calling import VERIFY, record_result
from provider_contact.checks.service.drawing import draw

__all__ = ["VERIFY", "check_policies", "draw", "record_result"]
