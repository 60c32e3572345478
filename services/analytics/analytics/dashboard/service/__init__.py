"""The use cases of the dashboard; no other slice builds on them."""

from analytics.dashboard.service.live import LiveFigures
from analytics.dashboard.service.reconciliation import Remark, remarks

__all__ = ["LiveFigures", "Remark", "remarks"]
