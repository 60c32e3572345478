"""Answers out: what is told to applicants, on which way, and what became of it."""

from intake.notifications.service.planning import Told, plan, plan_notices, send_code

__all__ = ["Told", "plan", "plan_notices", "send_code"]
