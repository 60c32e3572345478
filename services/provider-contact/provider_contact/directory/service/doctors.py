"""The roster of a provider's doctors."""

from collections.abc import Sequence
from uuid import UUID

from provider_contact.directory import repository
from provider_contact.directory.schemas import DoctorItem
from provider_contact.directory.service.search import local_today
from shared.unit_of_work import UnitOfWork


async def doctors_of(work: UnitOfWork, provider_id: UUID) -> Sequence[DoctorItem]:
    """Return the public part of a provider's doctors who work there today, by name in Kazakh."""
    found = await repository.doctors_of_provider(work.session, provider_id, local_today(work.clock))
    return [
        DoctorItem(
            doctor_id=doctor.doctor_id,
            full_name_kk=doctor.full_name_kk,
            full_name_ru=doctor.full_name_ru,
            speciality=doctor.speciality,
        )
        for doctor in sorted(found, key=lambda doctor: (doctor.full_name_kk.casefold(), doctor.doctor_id))
    ]


async def is_doctor_of(work: UnitOfWork, doctor_id: UUID, provider_id: UUID) -> bool:
    """Return whether the directory has this doctor at this provider, today or in former times."""
    return await repository.doctor_provider(work.session, doctor_id) == provider_id
