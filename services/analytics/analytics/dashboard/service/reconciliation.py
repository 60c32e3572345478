"""Remarks on figures that do not add up: parts without a code, outcomes that a source did not split, rounded shares."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from analytics.kpis.schemas import Figure, Part
from analytics.kpis.service import UNSPECIFIED, kpi_definitions
from shared.domain.labels import Language
from shared.web.i18n import N_

UNSPLIT = "ON_SPOT_OR_WITHDRAWN_UNSPLIT"
_WITHOUT_CODE = {
    "received_by_kind": N_("Appeals whose kind is not known yet:"),
    "complaints_by_category": N_("Complaints without a reason:"),
    "consultations_by_topic": N_("Consultations without a topic:"),
    "outcomes": N_("Complaints not finished yet:"),
}
_UNSPLIT = N_("Complaints whose register does not say whether they were resolved here and now or withdrawn; neither figure counts them:")
_ROUNDED = N_("Shares, each rounded, that add up to:")


class Remark(NamedTuple):
    """A sentence to translate, with the number, share or heading that ends it."""

    text: str
    value: int | float | None = None
    share: float | None = None
    heading: str | None = None


def remarks(figures: Mapping[str, Figure], language: Language) -> list[Remark]:
    """Return the remarks on these figures; none if the parts of every figure add up."""
    return [*_without_code(figures), *_unsplit(figures), *_rounded(figures, language)]


def _without_code(figures: Mapping[str, Figure]) -> Iterator[Remark]:
    for kpi_id, text in _WITHOUT_CODE.items():
        if part := _part(figures, kpi_id, UNSPECIFIED):
            yield Remark(text, part.value, part.share)


def _unsplit(figures: Mapping[str, Figure]) -> Iterator[Remark]:
    if part := _part(figures, "outcomes", UNSPLIT):
        yield Remark(_UNSPLIT, part.value, part.share)


def _rounded(figures: Mapping[str, Figure], language: Language) -> Iterator[Remark]:
    for figure in figures.values():
        shares = [Decimal(str(part.share)) for part in figure.parts if part.share is not None]
        if shares and len(shares) == len(figure.parts) and sum(shares) != 100:  # noqa: PLR2004 - per cent
            yield Remark(_ROUNDED, share=float(sum(shares)), heading=kpi_definitions()[figure.id].label.in_(language))


def _part(figures: Mapping[str, Figure], kpi_id: str, code: str) -> Part | None:
    parts = figures[kpi_id].parts if kpi_id in figures else []
    return next((part for part in parts if part.code == code and not part.suppressed), None)
