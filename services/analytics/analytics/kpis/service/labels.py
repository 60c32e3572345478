"""Names of the parts of a figure in three languages."""

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts import service as facts
from analytics.facts.schemas import TIMES, Group
from analytics.kpis.policy import ageing
from analytics.kpis.service.public_figures import UNSPECIFIED
from shared.domain.labels import Label
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy

_UNSPECIFIED_LABEL: Final = Label("Көрсетілмеген", "Не указано", "Not specified")
_UNFINISHED_LABEL: Final = Label("Әлі аяқталмаған", "Ещё не завершено", "Not finished yet")  # an appeal without an outcome
_LANGUAGES: Final[Mapping[str, Label]] = {
    "kk": Label("Қазақ тілінде", "На казахском языке", "In Kazakh"),
    "ru": Label("Орыс тілінде", "На русском языке", "In Russian"),
    "en": Label("Ағылшын тілінде", "На английском языке", "In English"),
}


async def part_labels(session: AsyncSession, group: Group, codes: Collection[str]) -> Mapping[str, Label]:
    """Return the names of parts by code. A part without a name here, such as a month, is called by its code."""
    none = {UNSPECIFIED: _UNFINISHED_LABEL if group is Group.OUTCOME else _UNSPECIFIED_LABEL}
    if group is Group.PROVIDER:
        return none | await facts.provider_names(session, [code for code in codes if code != UNSPECIFIED])
    return {**none, **_coded(group)}


def _coded(group: Group) -> Mapping[str, Label]:
    if group in TIMES or group is Group.DISTRICT:  # called by their codes
        return {}
    known = taxonomy()
    if group is Group.REGION:
        return {code: region.label for code, region in regions().items()}
    if group is Group.TIER:
        return {str(number): tier.label for number, tier in known.tiers.items()}
    if group is Group.AGE:
        return {span.code: span.label for span in ageing()}
    if group is Group.LANGUAGE:
        return _LANGUAGES
    tables = {
        Group.CHANNEL: known.channels,
        Group.KIND: known.kinds,
        Group.CATEGORY: known.categories,
        Group.TOPIC: known.topics,
        Group.OUTCOME: known.outcomes,
    }
    return {code: entry.label for code, entry in tables[group].items()}
