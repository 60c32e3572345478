"""Charts as SVG, drawn on the server: what the other slices may use."""

from analytics.charts.policy import check_policies
from analytics.charts.service.bars import BarRow, ShareRow, bar_chart, share_bar
from analytics.charts.service.drawing import Drawing, element, text
from analytics.charts.service.funnel import MOST_DESCRIBED, FunnelLimit, FunnelPoint, funnel_chart
from analytics.charts.service.lines import LineSeries, line_chart, sparkline
from analytics.charts.service.scales import Scale, scale_of, text_width
from analytics.charts.service.tiles import TileValue, tile_map

__all__ = [
    "MOST_DESCRIBED",
    "BarRow",
    "Drawing",
    "FunnelLimit",
    "FunnelPoint",
    "LineSeries",
    "Scale",
    "ShareRow",
    "TileValue",
    "bar_chart",
    "check_policies",
    "element",
    "funnel_chart",
    "line_chart",
    "scale_of",
    "share_bar",
    "sparkline",
    "text",
    "text_width",
    "tile_map",
]
