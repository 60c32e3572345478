"""The doctors of an organisation as its public roster lists them, and the search among them by name."""

from collections.abc import Sequence
from functools import cached_property
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from shared.domain.labels import Language
from shared.domain.names import fold, to_cyrillic

QUERY_LIMIT: Final = 100  # characters


class ListedDoctor(BaseModel):
    """The public part of a doctor's entry, as `GET /provider-contact/v1/doctors` lists it."""

    doctor_id: UUID
    full_name_kk: str
    full_name_ru: str
    speciality: str

    @cached_property
    def search_terms(self) -> Sequence[str]:
        """The words of both names and of the speciality, folded for the search."""
        return _terms_in(f"{self.full_name_kk} {self.full_name_ru} {self.speciality}")

    def label_in(self, language: Language) -> str:
        """Return the name with the speciality."""
        name = self.full_name_kk if language == "kk" else self.full_name_ru
        return ", ".join(filter(None, (name or self.full_name_ru or self.full_name_kk, self.speciality)))


def find_doctors(doctors: Sequence[ListedDoctor], query: str) -> Sequence[ListedDoctor]:
    """Return the doctors of whom each typed word begins a name or the speciality, in their order; all without a word."""
    typed = _terms_in(query[:QUERY_LIMIT])
    return [doctor for doctor in doctors if all(any(each.startswith(word) for each in doctor.search_terms) for word in typed)]


def _terms_in(text: str) -> list[str]:
    return fold(to_cyrillic(text)).split()
