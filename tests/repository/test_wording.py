"""Wordings that readers misunderstood and that were replaced: no page, translation, letter, message or reference label brings them back."""

import re
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TREES = ("services", "shared", "deploy")
ENDINGS = ("html", "po", "toml", "csv")
# Pattern -> what people read now. A pattern that ends with `"` refuses the whole label, not the word.
REFUSED = {
    "адамның қатысуынсыз|без участия человека": "жүйе автоматты түрде тіркеді | зарегистрировано автоматически",
    "Өздеріңіз анықтаңыздар|Определите сами": "Білмеймін, Қор анықтасын | Не знаю, пусть определит Фонд",
    "санитария тамақ|санитария питание|КТ МРТ|24/7 бот": "labels with their commas",
    "Сақтандырылған ба екенімді": "Сақтандырылған-сақтандырылмағанымды қайдан білемін?",
    "Таңдаған жолыңызға қажет дерек": "Ол үшін байланыс дерегі қажет, мысалы, SMS үшін телефон",
    "қалай жіберу кере|Как прислать ответ": "Жауапты қалай алғыңыз келеді? | Как вы хотите получить ответ?",
    "Басқа адам үшін жазасыз": "Басқа адамның атынан жазасыз ба?",
    'Қайда және не болды|"Где и что"': "Қай жерде, не болды | Где и что случилось",
    "тізілім біреу": "тізілім ортақ",
    '"Табу"': "Іздеу",
    "Әр қарау жазылып|Каждый просмотр записывается": "Әр ашу журналға тіркеледі | Каждое открытие записывается в журнал",
    "[Жж]ұмыс үстелі|[Рр]абоч(?:ий|его|ем|ему) стол": "Маманның жұмыс орны | Рабочее место",
    "көрсетілім пайдаланушы": "демо-пайдаланушылар",
    "Берілген қалпында жіктелді|Разобрано так": "Өтініш берушінің таңдауымен жіктелді | Тема указана заявителем",
    "сенімділігі %|уверенность %": "98 %",
    r"%\(n\)s-мәселе|Вопрос %\(n\)s": "Пункт 1",
    '"Факті"|"Факт"|анықталған факті|установленный факт': "Не анықталды | Что установлено",
    '"Құқықтық норма"|"Норма"|қолданылатын норма|применимая норма': "Құқықтық негізі | Правовое основание",
    "сұрау салу жіберілді|направлен запрос": "медұйымға сұрау жіберілді | запросили медорганизацию",
    "облысым\\b|облысыңыз": "өңірім, өңіріңіз: Алматы, Астана and Шымкент are no облыс",
    r"\)s ішінен": "барлығы %(total)s, мұнда %(shown)s",
    "закончится само": "закроется автоматически",
    "Он екі сағаттан кейін қайта|Через двенадцать часов повторите": "Нәтиже он екі сағат сақталады | Результат хранится двенадцать часов",
    r"(?:\)s|\}) (?:дейін|бастап|кейін)": "a day takes an ending: %(day)s күніне дейін, күнінен бастап; %(time)s өткен соң",
    "ешкімнің сөзі көрсетілмейді|ничьи слова": "мәтіні мен авторы жасырын | текст и автор скрыты",
}


def found(pattern: str, text: str) -> list[str]:
    """Return the lines of a text that hold the pattern, without comments."""
    return [line for line in text.splitlines() if not line.lstrip().startswith("#") and re.search(pattern, line)]


@pytest.fixture(scope="module")
def texts() -> dict[Path, str]:
    files = chain.from_iterable((ROOT / tree).rglob(f"*.{ending}") for tree in TREES for ending in ENDINGS)
    return {file.relative_to(ROOT): file.read_text(encoding="utf-8") for file in files}


@pytest.mark.parametrize("pattern", REFUSED, ids=[" ".join(re.findall(r"\w+", pattern)[:3]) for pattern in REFUSED])
def test_a_refused_wording_is_nowhere(texts, pattern):
    hits = [f"{file}: {line.strip()[:120]}" for file, text in texts.items() for line in found(pattern, text)]
    assert hits == [], f"say instead: {REFUSED[pattern]}"


def test_templates_translations_and_data_are_all_searched(texts):
    names = {str(file) for file in texts}
    assert {
        "services/intake/intake/locales/kk.po",
        "services/routing/routing/locales/ru.po",
        "deploy/suite/templates/home.html",
        "services/intake/intake/notifications/data/notice_texts.toml",
        "services/intake/intake/channels/telegram/data/bot.toml",
        "shared/domain/data/categories.csv",
    } <= names


@pytest.mark.parametrize(
    "line", ['msgstr "Рабочий стол"', 'msgstr "Факт"', "CONDITIONS,,Жағдай санитария тамақ,", 'ru = "№ {number}: направлен запрос"']
)
def test_a_refused_wording_is_found_where_it_stands(line):
    assert any(found(pattern, line) for pattern in REFUSED)


def test_a_longer_text_with_the_same_word_is_allowed():
    assert not any(found(pattern, 'msgstr "Факты за период"') for pattern in REFUSED)


class TestDates:
    """A Russian date ends with «г.»: a full stop after it would be the second."""

    AFTER_A_DATE = r"(\{\{?(due|due_on|day|date|until)\}?\}|%\((due|due_on|day|date|until)\)s)\."

    def test_no_russian_sentence_ends_with_a_date(self, texts):
        russian = r'^(msgstr|").*|\bru = .*'
        lines = [(file, line) for file, text in texts.items() if file.suffix in {".po", ".toml"} for line in found(russian, text)]
        spoken = [(file, line.partition("ru = ")[2].partition(", en = ")[0] or line) for file, line in lines if "kk" not in file.name]
        assert len(spoken) > 100
        assert [f"{file}: {line}" for file, line in spoken if re.search(self.AFTER_A_DATE, line)] == []
