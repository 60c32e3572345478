"""Synthetic appeals in Kazakh and Russian, reproducible by a seed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import TypedDict

from shared.domain.identifiers import is_valid_iin
from shared.domain.taxonomy import taxonomy
from shared.language.danger import speaks_of_danger
from suite.demo.mix import shuffled, texts

PLAIN_KAZAKH = str.maketrans("әғқңөұүһіӘҒҚҢӨҰҮҺІ", "агкноуухиАГКНОУУХИ")  # as typed on a keyboard without Kazakh letters
TYPO_SHARE, PLAIN_SHARE = 0.15, 0.1
ANONYMOUS_SHARE, TYPED_NAME_SHARE, CONSULTED_PROVIDER_SHARE = 0.05, 0.4, 0.05
NAMES = {
    "kk": ("Сынақ Айбек", "Сынақ Айжан", "Сынақ Болат", "Сынақ Гүлмира"),
    "ru": ("Тестов Иван", "Тестова Анна", "Тестов Олег", "Тестова Вера"),
}
LAST_DAY_OF_2099 = date(2099, 12, 31)


@dataclass(frozen=True, slots=True)
class KnownProvider:
    """A provider as the directory's search returns it."""

    provider_id: str
    name_kk: str
    name_ru: str
    region: str


class Subject(TypedDict, total=False):
    """The category of a complaint or the topic of a consultation."""

    category: str
    topic: str


class AppealBody(Subject):
    """The body of `POST /intake/v1/appeals`."""

    channel: str
    language: str
    kind: str
    region: str
    provider: dict[str, str] | None
    text: str
    applicant: dict[str, str]
    consents: list[str]


@dataclass(frozen=True, slots=True)
class DemoAppeal:
    """An appeal to send, and the sender."""

    channel: str
    body: AppealBody

    @property
    def kind(self) -> str:
        return self.body["kind"]


COMPLAINTS = (
    ("WAITING_SPECIALIST", "ru", "Два месяца не могу попасть к кардиологу: записи нет.", ["PROCESSING", "DISCLOSE_TO_PROVIDER"]),
    ("REFUSAL_APPOINTMENT", "kk", "Терапевт қабылдаудан бас тартты, себебін түсіндірмеді.", ["PROCESSING"]),
    ("PAID_CASHBOX", "ru", "За УЗИ взяли деньги через кассу, хотя есть направление.", ["PROCESSING", "DISCLOSE_TO_PROVIDER"]),
)
"""Complaints about the organisation of a demo user: category, language, text, consents."""


def complaints_about(provider: KnownProvider) -> list[DemoAppeal]:
    """Return complaints about one organisation, about which it is then asked; the person of one of them is withheld."""
    return [
        DemoAppeal(
            "APP",
            {
                "channel": "APP",
                "language": language,
                "kind": "COMPLAINT",
                "category": category,
                "region": provider.region,
                "provider": {"provider_id": provider.provider_id},
                "text": text,
                "applicant": {"full_name": "Сынақ Азамат", "phone": "+77010000000"},
                "consents": consents,
            },
        )
        for category, language, text, consents in COMPLAINTS
    ]


def generate(count: int, seed: int, providers: Sequence[KnownProvider], *, kinds_of: str = "kinds") -> list[DemoAppeal]:
    """Generate `count` appeals with exactly the published shares of channels, kinds, topics and categories.

    `kinds_of` names a table of kinds. The ids of the providers and their order have no influence on what is written.
    """
    return list(stream(count, seed, providers, kinds_of=kinds_of))


def stream(count: int, seed: int, providers: Sequence[KnownProvider], *, kinds_of: str = "kinds") -> Iterator[DemoAppeal]:
    """Yield the appeals of `generate` as they are written: half a year's traffic does not fit well into memory."""
    random = Random(seed)  # noqa: S311 - repeatable, nothing secret
    kinds = shuffled(count, kinds_of, random)
    needs_category = {kind: taxonomy().subject_field(kind) == "category" for kind in set(kinds)}
    complaints = sum(needs_category[kind] for kind in kinds)
    categories, topics = iter(shuffled(complaints, "categories", random)), iter(shuffled(count - complaints, "topics", random))
    writer = _Writer(random, providers)
    columns = zip(
        shuffled(count, "channels", random), kinds, shuffled(count, "languages", random), shuffled(count, "regions", random), strict=True
    )
    for channel, kind, language, region in columns:
        subject: Subject = {"category": next(categories)} if needs_category[kind] else {"topic": next(topics)}
        yield DemoAppeal(channel, writer.appeal(channel, kind, language, region, subject))


class _Writer:
    def __init__(self, random: Random, providers: Sequence[KnownProvider]) -> None:
        self._random = random
        self._by_region: dict[str, list[KnownProvider]] = {}
        for each in sorted(providers, key=lambda each: (each.name_kk, each.name_ru)):  # a directory has new ids after every import
            self._by_region.setdefault(each.region, []).append(each)

    def appeal(self, channel: str, kind: str, language: str, region: str, subject: Subject) -> AppealBody:
        provider = self._random.choice(self._by_region[region])
        name = provider.name_kk if language == "kk" else provider.name_ru
        about_provider = "category" in subject or self._random.random() < CONSULTED_PROVIDER_SHARE
        is_anonymous = self._random.random() < ANONYMOUS_SHARE
        return {
            "channel": channel,
            "language": language,
            "kind": kind,
            **subject,
            "region": region,
            "provider": self._provider(provider, name) if about_provider else None,
            "text": self._text(kind, language, subject, name),
            "applicant": {} if is_anonymous else self._applicant(language),
            "consents": [] if is_anonymous else ["PROCESSING", *(["DISCLOSE_TO_PROVIDER"] if self._random.random() < 0.7 else [])],  # noqa: PLR2004
        }

    def _provider(self, provider: KnownProvider, name: str) -> dict[str, str]:
        if self._random.random() >= TYPED_NAME_SHARE:
            return {"provider_id": provider.provider_id}
        return {"name": self._mistype(name) if self._random.random() < TYPO_SHARE else name}

    def _applicant(self, language: str) -> dict[str, str]:
        serial = self._random.randrange(10_000)
        applicant = {"full_name": f"{self._random.choice(NAMES[language])} {serial}", "phone": f"+7701000{serial:04d}"}
        if self._random.random() < 0.5:  # noqa: PLR2004 - about half say who they are
            applicant["iin"] = _iin(self._random)
        return applicant

    def _text(self, kind: str, language: str, subject: Subject, provider: str) -> str:
        if "category" in subject:
            of_code, label = texts()["categories"].get(subject["category"]), taxonomy().categories[subject["category"]].label
        else:
            of_code, label = texts()["topics"].get(subject["topic"]), taxonomy().topics[subject["topic"]].label
        own = texts()["kinds"].get(kind) or of_code or texts()["ask"]
        text = self._random.choice(own[language]).format(
            provider=provider,
            days=self._random.randint(3, 40),
            year=self._random.randint(2022, 2025),
            amount=self._random.randrange(1000, 20000, 500),
            label=label.in_("kk" if language == "kk" else "ru"),
        )
        if self._random.random() < TYPO_SHARE:
            text = self._mistype_harmlessly(text)
        return text.translate(PLAIN_KAZAKH) if language == "kk" and self._random.random() < PLAIN_SHARE else text

    def _mistype_harmlessly(self, text: str) -> str:
        """Return a harmless text with a slip that does not make a word of danger of it, as of «взяли» «вяли»: tiers can be foretold."""
        while speaks_of_danger(mistyped := self._mistype(text)):
            pass
        return mistyped

    def _mistype(self, text: str) -> str:
        """Return the text with two neighbouring letters swapped or one letter left out."""
        letters = [index for index in range(len(text) - 1) if text[index : index + 2].isalpha()]
        index = self._random.choice(letters)
        if self._random.random() < 0.5:  # noqa: PLR2004 - one kind of slip as often as the other
            return text[:index] + text[index + 1] + text[index] + text[index + 2 :]
        return text[:index] + text[index + 1 :]


def _iin(random: Random) -> str:
    """Return a valid IIN with a birth date in 2099."""
    while True:
        born = LAST_DAY_OF_2099 - timedelta(days=random.randrange(365))
        candidate = f"{born:%y%m%d}5{random.randrange(10**5):05d}"
        if is_valid_iin(candidate):
            return candidate
