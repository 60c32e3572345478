"""A synthetic provider directory: invented organisations, six per region, in the columns of the directory's import."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from shared.domain.identifiers import is_valid_bin
from shared.domain.regions import regions

COLUMNS = ("bin", "name_kk", "name_ru", "short_name", "aliases", "region", "district", "kind", "ownership", "email", "phone")
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
