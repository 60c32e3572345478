"""The funnel plot of the index, and the sentence that says what it shows."""

from collections.abc import Mapping, Sequence
from typing import Final

from analytics.charts.service import MOST_DESCRIBED, Drawing, FunnelLimit, FunnelPoint, funnel_chart
from analytics.kpis.service import Period
from analytics.providers.policy import IndexText, index_texts
from analytics.providers.schemas import ComparedProvider, FunnelPosition, ProviderIndexItem
from analytics.providers.service.index import IndexSummary
from analytics.providers.service.statistics import Z_95, Z_998, funnel_limits
from analytics.sentences.service import Amount, Value, filled, period_phrase, shown
from shared.domain.labels import Label, Language
from shared.web.i18n import N_

AXES: Final = (
    Label("күтілген шағымдар", "ожидаемые жалобы", "expected complaints"),
    Label("күтілгеннен неше есе", "во сколько раз больше ожидаемого", "times as many as expected"),
)
_DIGITS: Final = 1
SUSPICIOUS: Final = "suspicious"
FUNNEL_NAMES: Final[Mapping[str, str]] = {
    FunnelPosition.ABOVE: N_("more than expected"),
    SUSPICIOUS: N_("suspiciously few"),
    FunnelPosition.BELOW: N_("fewer than expected"),
    FunnelPosition.WITHIN: N_("as expected"),
}
"""The kinds of points, those that most need attention first."""
_ORDER: Final = {kind: number for number, kind in enumerate(FUNNEL_NAMES)}
Compared = ProviderIndexItem | ComparedProvider


def index_sentence(items: Sequence[Compared], period: Period, language: Language) -> str:
    """Return what the funnel shows in one or two sentences."""
    summary, texts = IndexSummary.of(items), index_texts()
    when = period_phrase(period.first, period.last)
    if not summary.compared:
        return filled(texts[IndexText.NOTHING], {"period": when}, language)
    numbers = {name: Amount.number(getattr(summary, name)) for name in ("compared", "above", "below")}
    sentence = filled(texts[IndexText.SUMMARY], {"period": when, **numbers}, language)
    if summary.suspicious:
        suspicious = filled(texts[IndexText.SUSPICIOUS], {"suspicious": Amount.number(summary.suspicious)}, language)
        return f"{sentence} {suspicious}"
    return sentence


def index_funnel(items: Sequence[Compared], label: str, language: Language) -> Drawing | None:
    """Return the funnel plot of the providers that are compared; None without any. `label` describes it to those who do not see it."""
    compared = sorted((item for item in items if item.funnel is not None and item.expected > 0), key=by_attention)
    points = [_point(item, language, is_described=number < MOST_DESCRIBED) for number, item in enumerate(compared)]
    if not points:
        return None
    limits = [_limits("95 %", "inner", Z_95), _limits(shown(Amount.percent(99.8), language), "outer", Z_998)]
    return funnel_chart(points, limits, lambda value: _number(value, language), (AXES[0].in_(language), AXES[1].in_(language)), label)


def _limits(name: str, kind: str, z: float) -> FunnelLimit:
    return FunnelLimit(
        name,
        kind,
        lambda expected: funnel_limits(expected, z).low / expected,
        lambda expected: funnel_limits(expected, z).high / expected,
    )


def funnel_kind(item: Compared) -> str:
    """Return the kind of the point of a provider that is compared."""
    return SUSPICIOUS if item.suspicious else str(item.funnel)


def by_attention(item: Compared) -> tuple[int, float, str]:
    """Return the key that sorts providers by how much they need attention: their kinds in order, and most complaints first."""
    return _ORDER[funnel_kind(item)], -(item.ratio or 0), str(item.provider_id)


def _point(item: Compared, language: Language, *, is_described: bool) -> FunnelPoint:
    kind = funnel_kind(item)
    description = _described(item, language) if is_described and kind != FunnelPosition.WITHIN else ""
    return FunnelPoint(item.expected, item.complaints / item.expected, kind, description)


def _described(item: Compared, language: Language) -> str:
    values: dict[str, Value] = {
        "name": item.name_kk if language == "kk" else item.name_ru,
        "complaints": Amount.number(item.complaints),
        "expected": Amount.number(item.expected, _DIGITS),
    }
    return filled(index_texts()[IndexText.ABOVE], values, language)


def _number(value: float, language: Language) -> str:
    return shown(Amount.number(value, 0 if value == int(value) else _DIGITS), language)
