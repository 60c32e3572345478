"""A synthetic provider directory: invented organisations, six per region, in the columns of the directory's import."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from shared.domain.identifiers import is_valid_bin
from shared.domain.regions import regions

COLUMNS = ("bin", "name_kk", "name_ru", "short_name", "aliases", "region", "district", "kind", "ownership", "email", "phone")
CONTACT_COLUMNS = ("bin", "body", "region", "role", "name", "position", "phone", "email", "hours", "languages")
_SUPPORT_HOURS, _CHIEF_HOURS = "Дс–Жм / Пн–Пт 8:00–20:00", "Дс–Жм / Пн–Пт 9:00–18:00"
_KINDS = (
    ("POLYCLINIC", "емхана", "поликлиника", "STATE"),
    ("POLYCLINIC", "қалалық емхана", "городская поликлиника", "STATE"),
    ("POLYCLINIC", "отбасылық емхана", "семейная поликлиника", "PRIVATE"),
    ("MULTI_HOSPITAL", "көпбейінді аурухана", "многопрофильная больница", "STATE"),
    ("CHILD_HOSPITAL", "балалар ауруханасы", "детская больница", "STATE"),
    ("DIAGNOSTIC", "диагностикалық орталық", "диагностический центр", "PRIVATE"),
)


@dataclass(frozen=True, slots=True)
class DemoProvider:
    bin: str
    name_kk: str
    name_ru: str
    short_name: str
    aliases: str
    region: str
    district: str
    kind: str
    ownership: str
    email: str
    phone: str


def providers() -> list[DemoProvider]:
    """Return 120 organisations. The number in a name is unique in the country."""
    return list(_providers())


def as_csv() -> str:
    """Return the directory in the form of the import."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([getattr(each, column) for column in COLUMNS] for each in providers())
    return out.getvalue()


def contacts_csv() -> str:
    """Return contacts in the form of the import: of each organisation two roles, of each region its health department.

    Each name says that it is a test, mailboxes are those of example.org, and nobody has the telephone numbers.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, CONTACT_COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(_contacts())
    return out.getvalue()


def _contacts() -> Iterator[dict[str, str]]:
    for number, provider in enumerate(providers(), start=101):
        usual = {"bin": provider.bin, "languages": "kk;ru"}
        yield usual | {
            "role": "PATIENT_SUPPORT",
            "name": f"Сынақ пациентті қолдау қызметі № {number}",
            "phone": f"+7701001{number:04d}",
            "email": f"support{number}@example.org",
            "hours": _SUPPORT_HOURS,
        }
        yield usual | {
            "role": "HEAD_PHYSICIAN",
            "name": f"Сынақ Дәрігер № {number}",
            "position": "Бас дәрігер / Главный врач",
            "phone": f"+7701002{number:04d}",
            "email": f"head{number}@example.org",
            "hours": _CHIEF_HOURS,
        }
    for number, region in enumerate((code for code in regions() if code != "KZ-00"), start=1):
        yield {
            "body": "HEALTH_DEPARTMENT",
            "region": region,
            "role": "RECEPTION",
            "name": f"Сынақ денсаулық сақтау басқармасы {region}",
            "phone": f"+7701003{number:04d}",
            "email": f"department{number}@example.org",
            "hours": _CHIEF_HOURS,
            "languages": "kk;ru",
        }


def _providers() -> Iterator[DemoProvider]:
    number = 100
    for region in regions().values():
        if region.code == "KZ-00":
            continue
        for kind, kk, ru, ownership in _KINDS:
            number += 1
            yield DemoProvider(
                bin=_bin(number),
                name_kk=f"Сынақ № {number} {kk}",
                name_ru=f"Тестовая № {number} {ru}",
                short_name=f"№ {number} {kk}",
                aliases=f"{number} {kk};{ru} {number}",
                region=region.code,
                district="",
                kind=kind,
                ownership=ownership,
                email=f"provider{number}@example.org",
                phone=f"+7701000{number:04d}",
            )


def _bin(serial: int) -> str:
    """Return a valid BIN of January 2099, which nobody has."""
    for step in range(10):  # some serials have no check digit
        for check in range(10):
            candidate = f"990140{serial:04d}{step}{check}"
            if is_valid_bin(candidate):
                return candidate
    raise ValueError("no valid BIN")  # one number in 121 has no check digit
