"""Expected failures of reports."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import JsonValue

from analytics.reports.schemas import ReportContradiction
from shared.errors import DomainError


class ReportDoesNotReconcile(DomainError):
    """Numbers of the report contradict each other, so it is not printed."""

    code, status, title = "report-does-not-reconcile", 409, "The figures of the report contradict each other."
    example_members: ClassVar[Mapping[str, JsonValue]] = {
        "contradictions": [
            {
                "claim": "Барлығы: Шағымдардың себептері",
                "stated": "736",
                "computed": "735",
                "explanation_kk": "Бөліктерінің қосындысы жиынтыққа жетпейді: 294 + 441 = 735, ал жиынтығы 736 делінген. Айырмасы — 1.",
                "explanation_ru": "Сумма частей меньше итога: 294 + 441 = 735, а итог указан как 736. Разница — 1.",
            }
        ]
    }

    def __init__(self, contradictions: Sequence[ReportContradiction]) -> None:
        super().__init__(
            "The report is not printed until its figures agree; `contradictions` names those that do not.",
            extra={"contradictions": [each.model_dump(mode="json") for each in contradictions]},
        )
        self.contradictions = tuple(contradictions)
