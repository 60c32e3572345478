"""What other channels use of the calls."""

from intake.channels.phone.policy import call_policy

__all__ = ["call_policy"]
