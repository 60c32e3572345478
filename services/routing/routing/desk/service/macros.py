"""The sentences of `macros.toml` filled for a case."""

from collections.abc import Mapping

from routing.cases.schemas.views import CaseView
from routing.clocks.codes import ACTIVE
from routing.knowledge import service as knowledge
from routing.knowledge.codes import MacroValue
from routing.knowledge.schemas import MacroView
from shared.domain.regions import regions


def macros_of(case: CaseView, language: str, typed_provider: str = "") -> list[MacroView]:
    """Return the sentences for the case. Those with a day or a provider are left out where none is known.

    `typed_provider`: the name as the applicant wrote it, for a provider that the directory does not name.
    """
    written = knowledge.written_language(language)
    provider = (case.provider.name_kk if written == "kk" else case.provider.name_ru) if case.provider else typed_provider
    return knowledge.filled_macros(written, _values(case, provider))


def _values(case: CaseView, provider: str) -> Mapping[MacroValue, str]:
    zone = regions()[case.region].timezone
    due = [clock.due_at for clock in case.clocks if clock.statutory and clock.state in ACTIVE]
    found = {MacroValue.NUMBER: case.number, MacroValue.PROVIDER: provider}
    found |= {MacroValue.DUE_ON: f"{min(due).astimezone(zone):%d.%m.%Y}"} if due else {}
    return {name: value for name, value in found.items() if value}
