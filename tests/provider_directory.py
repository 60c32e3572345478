"""A directory of 5 000 providers as large and as alike as the country's: real kinds of organisation, real places, invented private names.

It is the same at every call. `tests/colloquial_names.csv` holds what people type for sixty of them.
"""

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import UUID

SIZE = 5_000
FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Listed:
    """A provider of the directory, with the names that the search uses."""

    provider_id: UUID
    name_kk: str
    name_ru: str
    short_name: str
    aliases: tuple[str, ...]
    region: str
    kind: str


@dataclass(frozen=True, slots=True)
class Typed:
    """What a person typed, the region of the form (empty: none chosen), and the Russian name of the provider meant, in its region."""

    text: str
    region: str
    name_ru: str
    provider_region: str


CITIES = {"KZ-71": ("Астана", "города Астаны"), "KZ-75": ("Алматы", "города Алматы"), "KZ-79": ("Шымкент", "города Шымкента")}

# of a region: kind, name in Kazakh, name in Russian
OF_A_REGION = (
    ("MULTI_HOSPITAL", "Облыстық көпбейінді аурухана", "Областная многопрофильная больница"),
    ("CHILD_HOSPITAL", "Облыстық балалар ауруханасы", "Областная детская больница"),
    ("MATERNITY", "Облыстық перинаталдық орталық", "Областной перинатальный центр"),
    ("SPECIAL_CENTRE", "Облыстық онкологиялық орталық", "Областной онкологический центр"),
    ("SPECIAL_CENTRE", "Облыстық дерматовенерологиялық орталық", "Областной дерматовенерологический центр"),
    ("SPECIAL_CENTRE", "Облыстық фтизиопульмонология орталығы", "Областной центр фтизиопульмонологии"),
    ("SPECIAL_CENTRE", "Облыстық психикалық денсаулық орталығы", "Областной центр психического здоровья"),
    ("SPECIAL_CENTRE", "Облыстық кардиологиялық орталық", "Областной кардиологический центр"),
    ("MULTI_HOSPITAL", "Облыстық жұқпалы аурулар ауруханасы", "Областная инфекционная больница"),
    ("DIAGNOSTIC", "Облыстық консультациялық-диагностикалық орталық", "Областной консультативно-диагностический центр"),
    ("REHAB", "Облыстық оңалту орталығы", "Областной реабилитационный центр"),
    ("BLOOD", "Облыстық қан орталығы", "Областной центр крови"),
    ("AMBULANCE", "Облыстық жедел медициналық жәрдем станциясы", "Областная станция скорой медицинской помощи"),
    ("DENTAL", "Облыстық стоматологиялық емхана", "Областная стоматологическая поликлиника"),
    ("MULTI_HOSPITAL", "Облыстық ардагерлер госпиталі", "Областной госпиталь ветеранов"),
)
VILLAGES = (
    "Бірлік:Бирлик Жаңаауыл:Жанааул Қарасу:Карасу Тасарық:Тасарык Көктөбе:Коктобе Ақжар:Акжар Жаңатұрмыс:Жанатурмыс Бесарық:Бесарык "
    "Қызылту:Кызылту Ынтымақ:Ынтымак Достық:Достык Береке:Береке Талап:Талап Еңбек:Енбек Ақтоғай:Актогай Сарыбұлақ:Сарыбулак "
    "Қайнар:Кайнар Жосалы:Жосалы Тереңөзек:Теренозек Алмалы:Алмалы Шұбар:Шубар Ұзынбұлақ:Узынбулак Жеңіс:Женис Арна:Арна"
)
GIVEN = (
    "Дана:Дана Нұр:Нур Асыл:Асыл Алтын:Алтын Ақниет:Акниет Жан:Жан Шипа:Шипа Саулық:Саулык Дару:Дару Сана:Сана Арай:Арай Айгерім:Айгерим "
    "Қуат:Куат Өмір:Омир Үміт:Умит Бақыт:Бакыт Мейір:Мейир Тұмар:Тумар Самал:Самал Балауса:Балауса Жұлдыз:Жулдыз Аружан:Аружан "
    "Дария:Дария Береке:Береке Ақбота:Акбота Аяла:Аяла Ерке:Ерке Әлем:Алем Кәусар:Каусар Ғасыр:Гасыр Сұлтан:Султан Инжу:Инжу Рахат:Рахат "
    "Денсаулық:Денсаулык Ақжол:Акжол Дәулет:Даулет Көктем:Коктем Нұрлы:Нурлы Сәуле:Сауле Тамыр:Тамыр Вита:Вита Кардио:Кардио Нейро:Нейро "
    "Офтальмо:Офтальмо Орто:Орто Эко:Эко Мега:Мега Гиппократ:Гиппократ Авицена:Авицена Медикал:Медикал"
)
SECOND = (
    "Мед:Мед Нұр:Нур Дент:Дент Плюс:Плюс Лайф:Лайф Вита:Вита Ем:Ем Жан:Жан Люкс:Люкс Диагностик:Диагностик Сервис:Сервис Клиник:Клиник "
    "Хелс:Хелс Эксперт:Эксперт Лаб:Лаб Центр:Центр Фарм:Фарм Элит:Элит Стом:Стом Care:Care"
)
PRIVATE_KINDS = (
    ("SPECIAL_CENTRE", "«{}» медициналық орталығы» ЖШС", "ТОО «Медицинский центр «{}»"),
    ("SPECIAL_CENTRE", "«{}» клиникасы» ЖШС", "ТОО «Клиника «{}»"),
    ("SPECIAL_CENTRE", "«{}» ЖШС", "ТОО «{}»"),
    ("DENTAL", "«{}» стоматологиясы» ЖШС", "ТОО «Стоматология «{}»"),
    ("DIAGNOSTIC", "«{}» диагностикалық орталығы» ЖШС", "ТОО «Диагностический центр «{}»"),
    ("LAB", "«{}» зертханасы» ЖШС", "ТОО «Лаборатория «{}»"),
    ("REHAB", "«{}» оңалту орталығы» ЖШС", "ТОО «Реабилитационный центр «{}»"),
)
# private providers that are in the directory whatever is drawn: region, kind of the list above, name in Kazakh, name in Russian
PRIVATE = (
    ("KZ-75", 0, "Дана Мед", "Дана Мед"), ("KZ-71", 1, "Кардио Нұр", "Кардио Нур"), ("KZ-43", 0, "Мейірім", "Мейірім"),
    ("KZ-79", 1, "Сұңқар", "Сункар"), ("KZ-35", 3, "Ақниет", "Акниет"), ("KZ-47", 0, "Шипагер", "Шипагер"),
    ("KZ-23", 2, "Асыл Жан", "Асыл Жан"), ("KZ-75", 1, "Нейро Мед", "Нейро Мед"), ("KZ-71", 2, "Офтальмо Люкс", "Офтальмо Люкс"),
    ("KZ-39", 3, "Вита Дент", "Вита Дент"), ("KZ-55", 0, "Жұлдыз", "Жулдыз"), ("KZ-63", 2, "Денсаулық Плюс", "Денсаулык Плюс"),
    ("KZ-15", 3, "Балауса Дент", "Балауса Дент"), ("KZ-31", 0, "Дару Мед", "Дару Мед"), ("KZ-27", 6, "Самал", "Самал"),
    ("KZ-11", 4, "Инжу Диагностик", "Инжу Диагностик"), ("KZ-61", 1, "Айгерім", "Айгерим"),
)  # fmt: skip


@cache
def directory() -> tuple[Listed, ...]:
    """Return the 5 000 providers."""
    rows = list(_public())
    rows += _private(SIZE - len(rows))
    return tuple(
        Listed(UUID(int=number), kk, ru, short, (), region, kind) for number, (region, kind, kk, ru, short) in enumerate(rows, start=1)
    )


def colloquial() -> tuple[Typed, ...]:
    """Return sixty names as people type them."""
    return _typed("colloquial_names.csv")


def unseen() -> tuple[Typed, ...]:
    """Return names on which the data files of the search were not set."""
    return _typed("colloquial_names_unseen.csv")


@cache
def _typed(file: str) -> tuple[Typed, ...]:
    return tuple(Typed(**row) for row in _rows(file))


def _rows(file: str) -> Iterator[dict[str, str]]:
    yield from csv.DictReader(line for line in (FOLDER / file).read_text(encoding="utf-8").splitlines() if not line.startswith("#"))


def meant(typed: Typed) -> Listed:
    """Return the provider that a person meant."""
    (found,) = [each for each in directory() if (each.region, each.name_ru) == (typed.provider_region, typed.name_ru)]
    return found


@cache
def _regions() -> dict[str, tuple[int, list[tuple[str, str]]]]:
    """Return the polyclinics of the centre and the districts of each region: their names in Kazakh, and as the adjective in Russian."""
    return {row["region"]: (int(row["polyclinics"]), _pairs(row["districts"])) for row in _rows("provider_districts.csv")}


def _pairs(text: str) -> list[tuple[str, str]]:
    words: list[tuple[str, str]] = []
    rest = text
    while rest:
        kk, _, after = rest.partition(":")
        ru, _, rest = after.partition(" ")
        words.append((kk, ru))
    return words


def _public() -> Iterator[tuple[str, str, str, str, str]]:
    for region, (polyclinics, districts) in _regions().items():
        city_kk, city_ru = CITIES.get(region, ("", ""))
        for number in range(1, polyclinics + 1):
            owner = f" управления здравоохранения {city_ru}" if city_ru else ""
            ru = f"КГП на ПХВ «Городская поликлиника №{number}»{owner}"
            yield region, "POLYCLINIC", f"«№{number} қалалық емхана» ШЖҚ КМК", ru, ""
        if city_kk:
            yield from _of_a_city(region)
            continue
        for kind, kk, ru in OF_A_REGION:
            yield region, kind, f"«{kk}» ШЖҚ КМК", f"КГП на ПХВ «{ru}»", ""
        for number in (1, 2):
            yield region, "MULTI_HOSPITAL", f"«№{number} қалалық аурухана» ШЖҚ КМК", f"КГП на ПХВ «Городская больница №{number}»", ""
        yield region, "MATERNITY", "«Қалалық перзентхана» КМК", "ГККП «Городской родильный дом»", ""
        yield region, "CHILD_HOSPITAL", "«Қалалық балалар емханасы» КМК", "ГККП «Городская детская поликлиника»", ""
        yield from _of_districts(region, districts)


def _of_a_city(region: str) -> Iterator[tuple[str, str, str, str, str]]:
    for number in range(1, 8):
        ru = f"ГКП на ПХВ «Городская многопрофильная больница №{number}»"
        yield region, "MULTI_HOSPITAL", f"«№{number} қалалық көпбейінді аурухана» ШЖҚ МКК", ru, f"ГМБ №{number}"
    for number in (1, 2, 3):
        yield (
            region,
            "CHILD_HOSPITAL",
            f"«№{number} балалар қалалық ауруханасы» ШЖҚ МКК",
            f"ГКП на ПХВ «Детская городская больница №{number}»",
            "",
        )
        yield (
            region,
            "POLYCLINIC",
            f"«№{number} балалар қалалық емханасы» ШЖҚ МКК",
            f"ГКП на ПХВ «Городская детская поликлиника №{number}»",
            "",
        )
    for number in range(1, 5):
        yield region, "MATERNITY", f"«№{number} қалалық перзентхана» ШЖҚ МКК", f"ГКП на ПХВ «Городской родильный дом №{number}»", ""
    for kind, kk, ru in OF_A_REGION[2:13]:
        of_the_city = ru.replace("Областной", "Городской").replace("Областная", "Городская")
        yield region, kind, f"«{kk.replace('Облыстық', 'Қалалық')}» ШЖҚ МКК", f"ГКП на ПХВ «{of_the_city}»", ""


def _of_districts(region: str, districts: list[tuple[str, str]]) -> Iterator[tuple[str, str, str, str, str]]:
    villages = VILLAGES.split()
    for index, (kk, ru) in enumerate(districts):
        middle_kk, middle_ru = ("орталық ", "центральная ") if index % 2 == 0 else ("", "")
        name_kk, name_ru = f"«{kk} {middle_kk}аудандық ауруханасы» ШЖҚ КМК", f"КГП на ПХВ «{ru} {middle_ru}районная больница»"
        yield region, "DISTRICT_HOSPITAL", name_kk, name_ru, ""
        if index % 3 != 1:
            yield region, "POLYCLINIC", f"«{kk} аудандық емханасы» ШЖҚ КМК", f"КГП на ПХВ «{ru} районная поликлиника»", ""
        for step in range(6):
            village_kk, _, village_ru = villages[(index * 6 + step) % len(villages)].partition(":")
            district = f"{kk} ауданы" if step % 2 else ""
            name = f"«{village_kk} ауылдық дәрігерлік амбулаториясы» КМК {district}".strip()
            yield (
                region,
                "FAMILY_AMBULATORY",
                name,
                f"ГККП «Сельская врачебная амбулатория {village_ru}» ({ru.removesuffix('ая')}ий район)",
                "",
            )


def _private(count: int) -> list[tuple[str, str, str, str, str]]:
    draw = random.Random(43)
    regions = [*_regions(), *["KZ-75"] * 6, *["KZ-71"] * 5, *["KZ-79"] * 3, *["KZ-35"] * 2]
    rows, seen = [], set()

    def add(region: str, template: int, kk: str, ru: str) -> None:
        if (region, ru) in seen:
            return
        seen.add((region, ru))
        kind, in_kk, in_ru = PRIVATE_KINDS[template]
        rows.append((region, kind, in_kk.format(kk), in_ru.format(ru), ""))

    for known in PRIVATE:
        add(*known)
    while len(rows) < count:
        (given_kk, given_ru), (second_kk, second_ru) = (draw.choice(words).split(":") for words in (GIVEN.split(), SECOND.split()))
        if given_kk == second_kk:
            continue
        together = draw.choice((" ", " ", "-", ""))
        second = (second_kk.lower(), second_ru.lower()) if not together else (second_kk, second_ru)
        add(draw.choice(regions), draw.randrange(len(PRIVATE_KINDS)), given_kk + together + second[0], given_ru + together + second[1])
    return rows
