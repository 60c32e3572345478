import html
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI, Request

from intake.handlers import HANDLERS, copy_providers
from intake.models import Appeal
from intake.pages import form, providers
from intake.pages.consents import consents
from intake.service.filing import CONSENTS
from shared.contracts import AnswerGiven, CaseClosed, ClockStarted, ProviderRecorded
from shared.domain.taxonomy import taxonomy
from shared.messaging.envelope import Envelope
from shared.messaging.handling import Batch, Received
from shared.web.catalogs import missing_messages
from shared.web.session import COOKIE

PACKAGE = Path(__file__).parents[2] / "services" / "intake" / "intake"
FORM = {
    "kind": "COMPLAINT",
    "category": "REFUSAL_APPOINTMENT",
    "region": "KZ-43",
    "provider.name": "5 емхана",
    "text": "Терапевт қабылдамады.\r\nТалон жоқ деді.",
    "language": "kk",
    "applicant.full_name": "Сынақ Азамат",
    "applicant.phone": "8 701 000 00 00",
    "consents.PROCESSING": "yes",
}
KEY = "00000000-0000-4000-8000-000000000001"


async def post(desk, step, spoken="ru", **changes):
    return await desk.client.post(f"/intake/?lang={spoken}", data=FORM | {"key": KEY, "step": step} | changes)


def hidden(answer):
    return {name: html.unescape(value) for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', answer.text)}


def talon(answer):
    number, pin = re.findall(r"<dd>([0-9 -]{9,})</dd>", answer.text)
    return number, pin


def recorded(name_ru, name_kk, provider_id=None):
    return ProviderRecorded(
        provider_id=provider_id or uuid4(), name_kk=name_kk, name_ru=name_ru, short_name="", aliases=[], region="KZ-43",
        district="", kind="POLYCLINIC", ownership="STATE", active=True,
    )  # fmt: skip


@pytest.fixture
async def known_provider(desk):
    """Two polyclinics of Kyzylorda in the replica; the id of number 5."""
    five = recorded("Городская поликлиника №5", "№5 қалалық емхана")
    for event in (five, recorded("Городская поликлиника №7", "№7 қалалық емхана")):
        async with desk.parts.database.write() as session:
            await copy_providers(session, Batch([Received(event, None, ("", 0, 0))], {}, desk.clock))
    return five.provider_id


async def happen(desk, event):
    event_id = uuid4()
    envelope = Envelope(event_id, event.TYPE, desk.clock.now(), str(event.subject), event_id, None, None, b"")
    async with desk.parts.database.write() as session:
        await HANDLERS[type(event)](session, Batch([Received(event, envelope, ("", 0, 0))], {}, desk.clock))


async def filed(desk):
    number, pin = talon(await post(desk, "send"))
    (row,) = await desk.rows(Appeal)
    return number, pin, row.id


async def look(desk, number, pin, language="ru"):
    return await desk.client.post(f"/intake/track?lang={language}", data={"number": number, "pin": pin})


class TestTheForm:
    @pytest.mark.parametrize(("language", "title"), [("kk", "Өтініш беру"), ("ru", "Подать обращение"), ("en", "File an appeal")])
    async def test_it_speaks_three_languages_and_always_names_the_emergency_numbers(self, desk, language, title):
        page = await desk.client.get(f"/intake/?lang={language}")
        assert page.status_code == 200
        assert f"<h1>{title}</h1>" in page.text
        assert 'href="tel:103"' in page.text
        assert page.headers["cache-control"] == "no-store"

    async def test_no_consent_is_ticked_beforehand_and_each_says_its_whole_content(self, desk):
        page = await desk.client.get("/intake/?lang=kk")
        assert not re.search(r'type="checkbox"[^>]* checked', page.text)
        for one in consents("kk"):
            assert all(html.escape(text, quote=False) in html.unescape(page.text) for _, text in one.content)

    async def test_an_address_may_fill_what_it_knows(self, desk):
        page = await desk.client.get("/intake/", params={"kind": "REPORT", "region": "KZ-75", "provider": "7 емхана"})
        assert re.search(r'value="REPORT" checked', page.text)
        assert '<option value="KZ-75" selected>' in page.text
        assert 'value="7 емхана"' in page.text
        other = await desk.client.get("/intake/", params={"kind": "NONSENSE", "region": "XX"})
        assert re.search(r'value="" checked', other.text)
        assert "NONSENSE" not in other.text.replace("kind=NONSENSE", "")

    async def test_every_kind_of_an_address_can_be_chosen(self, desk):
        for kind in taxonomy().kinds:
            page = await desk.client.get("/intake/", params={"kind": kind})
            assert f'value="{kind}" checked' in page.text

    async def test_the_bar_says_who_is_signed_in(self, desk):
        token = desk.foundation.issuer.issue("specialist", region="KZ-43", name="Сынақ Маман")
        page = await desk.client.get("/intake/?lang=ru", headers={"Cookie": f"{COOKIE}={token}"})
        assert "Сынақ Маман" in page.text
        assert "Специалист · Кызылординская область" in page.text


class TestWhatIsWrong:
    @pytest.mark.parametrize(("language", "words"), [("kk", "Өңірді таңдаңыз."), ("ru", "Выберите регион."), ("en", "Choose the region.")])
    async def test_a_field_is_named_in_the_visitors_language_and_nothing_is_lost(self, desk, language, words):
        page = await post(desk, "preview", language, region="", **{"applicant.iin": "123"})
        assert page.status_code == 422
        assert f'<a href="#f-region">{words}</a>' in page.text
        assert "Терапевт қабылдамады.\nТалон жоқ деді." in page.text
        assert 'value="8 701 000 00 00"' in page.text
        assert re.search(r'name="consents.PROCESSING" value="yes" checked', page.text)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("applicant.iin", "991231501015"),
            ("applicant.phone", "+7 701 00"),
            ("applicant.email", "name"),
            ("text", ""),
            ("text", "я" * 20_001),
            ("kind", "NONSENSE"),
            ("category", "NONSENSE"),
            ("region", "KZ-99"),
            ("language", "de"),
            ("applicant.full_name", "a" * 201),
            ("applicant.address", "\0"),
            ("consents.PROCESSING", ""),
        ],
    )
    async def test_each_field_is_marked_and_nothing_is_stored(self, desk, field, value):
        page = await post(desk, "send", **{field: value})
        assert page.status_code in {400, 422}
        assert f'href="#f-{field.replace(".", "-")}"' in page.text
        assert await desk.rows(Appeal) == []

    async def test_every_way_to_be_wrong_has_a_sentence_of_its_own(self):
        assert {one.code for one in consents("ru")} == CONSENTS
        assert set(form._BY_FIELD) <= set(form.FIELDS)

    async def test_what_is_no_form_is_refused(self, desk):
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"}
        assert (await desk.client.post("/intake/", content=b"text=%ff%fe", headers=headers)).status_code == 400
        assert (await desk.client.post("/intake/", content=b"text=\xff", headers=headers)).status_code == 400
        assert (await desk.client.post("/intake/", content=b"a=1&" * 200, headers=headers)).status_code == 400
        assert (await desk.client.post("/intake/", content=b"text=" + b"a" * 300_000, headers=headers)).status_code == 413
        assert (await desk.client.post("/intake/", json={})).status_code == 415

    async def test_another_site_cannot_post_it(self, desk):
        answer = await desk.client.post("/intake/", data=FORM | {"step": "send"}, headers={"sec-fetch-site": "cross-site"})
        assert answer.status_code == 403
        assert await desk.rows(Appeal) == []


class TestThePreview:
    async def test_it_shows_everything_and_stores_nothing(self, desk):
        page = await post(desk, "preview")
        assert page.status_code == 200
        for words in ("Отказ в приёме врача", "Кызылординская область", "Терапевт қабылдамады.", "Сынақ Азамат", "23 февраля 2026"):
            assert words in page.text.replace("\u202f", " ").replace("\xa0", " ")
        assert await desk.rows(Appeal) == []

    async def test_going_back_loses_nothing(self, desk):
        kept = hidden(await post(desk, "preview"))
        page = await desk.client.post("/intake/", data=kept | {"step": "edit"})
        assert page.status_code == 200
        assert hidden(page)["key"] == KEY
        again = hidden(await desk.client.post("/intake/", data=kept | {"step": "preview"}))
        assert again == kept

    async def test_a_name_that_can_only_mean_one_organisation_chooses_it(self, desk, known_provider):
        page = await post(desk, "preview", **{"provider.name": "5 поликлиника"})
        assert f'value="{known_provider}" checked' in page.text
        assert "№7" not in page.text

    @pytest.mark.usefixtures("known_provider")
    async def test_a_name_that_may_mean_several_is_left_to_the_visitor(self, desk):
        page = await post(desk, "preview", **{"provider.name": "қалалық емхана"})
        assert page.text.count('name="provider.provider_id"') == 3
        assert re.search(r'name="provider.provider_id" value="" checked', page.text)

    async def test_a_subject_hidden_by_another_kind_does_not_travel_on(self, desk):
        page = await post(desk, "preview", kind="CONSULTATION", topic="STATUS_CHECK")
        assert page.status_code == 200
        assert hidden(page)["category"] == ""
        assert hidden(page)["topic"] == "STATUS_CHECK"

    async def test_an_anonymous_visitor_is_told_what_it_means(self, desk):
        page = await post(desk, "preview", **{"applicant.full_name": "", "applicant.phone": "", "consents.PROCESSING": ""})
        assert page.status_code == 200
        assert "Вы не назвали себя" in page.text


class TestTheTalon:
    async def test_number_pin_and_the_working_of_the_date_are_shown_once(self, desk):
        page = await post(desk, "send")
        number, pin = talon(page)
        (row,) = await desk.rows(Appeal)
        assert page.status_code == 201
        assert page.headers["cache-control"] == "no-store"
        assert (row.number, row.channel, row.language, row.category) == (number, "WEB", "kk", "REFUSAL_APPOINTMENT")
        assert "1-й рабочий день" in page.text
        assert "Филиал НАО «ФСМС» по Кызылординской области" in page.text
        assert (await desk.track(number, pin)).status_code == 200

    async def test_a_form_sent_twice_is_registered_once_with_the_same_talon(self, desk):
        first, second = await post(desk, "send"), await post(desk, "send")
        assert talon(first) == talon(second)
        assert len(await desk.rows(Appeal)) == 1

    async def test_a_form_changed_after_sending_asks_before_it_becomes_a_second_appeal(self, desk):
        await post(desk, "send")
        page = await post(desk, "send", text="Тағы бір оқиға")
        assert page.status_code == 422
        assert "Вы уже отправили эту форму" in page.text
        assert hidden(page)["key"] != KEY
        assert (await desk.client.post("/intake/", data=hidden(page) | {"step": "send"})).status_code == 201
        assert len(await desk.rows(Appeal)) == 2

    async def test_the_organisation_chosen_on_the_preview_is_filed(self, desk, known_provider):
        await post(desk, "send", **{"provider.provider_id": str(known_provider)})
        (row,) = await desk.rows(Appeal)
        assert (row.provider_id, row.provider_name) == (known_provider, None)

    async def test_an_organisation_that_is_not_known_sends_back_to_the_form(self, desk):
        page = await post(desk, "send", **{"provider.provider_id": str(uuid4())})
        assert page.status_code == 422
        assert "Этой организации нет в справочнике" in page.text

    async def test_an_anonymous_appeal_is_accepted(self, desk):
        page = await post(desk, "send", **{"applicant.full_name": "", "applicant.phone": "", "consents.PROCESSING": ""})
        assert page.status_code == 201
        assert "Вы не назвали себя" in page.text

    async def test_after_hours_it_says_when_the_law_registers_it(self, desk):
        desk.clock.advance(timedelta(hours=9))
        page = await post(desk, "send")
        assert "в нерабочее время" in page.text

    async def test_too_many_from_one_address_wait_without_losing_a_word(self, start, tmp_path):
        async with start(tmp_path / "limited", anonymous_per_minute=1) as desk:
            await post(desk, "send")
            page = await post(desk, "send", key=str(uuid4()))
            assert page.status_code == 429
            assert page.headers["retry-after"] == "60"
            assert hidden(page)["text"] == FORM["text"].replace("\r\n", "\n")
            assert "через 60 секунд" in page.text


class TestSuggestions:
    @pytest.mark.usefixtures("known_provider")
    async def test_a_regions_organisations_are_listed_for_the_form(self, desk):
        answer = await desk.client.get("/intake/providers", params={"region": "KZ-43"})
        assert answer.json()["items"][0] == {"kk": "№5 қалалық емхана", "ru": "Городская поликлиника №5"}
        assert (await desk.client.get("/intake/providers", params={"region": "KZ-75"})).json() == {"items": []}
        assert (await desk.client.get("/intake/providers", params={"region": "nowhere"})).status_code == 404

    def test_another_number_is_another_organisation(self):
        known = [recorded("Поликлиника №15", "№15 емхана"), recorded("Поликлиника №5", "№5 емхана")]
        assert [one.name_ru for one, _ in providers.nearest("поликлиника 5", known)] == ["Поликлиника №5"]

    def test_nothing_readable_suggests_nothing(self):
        assert providers.nearest("…", [recorded("Поликлиника №5", "№5 емхана")]) == []


class TestTracking:
    async def test_a_wrong_number_and_a_wrong_pin_read_the_same(self, desk):
        number, _, _ = await filed(desk)
        wrong_pin, wrong_number = await look(desk, number, "00000000"), await look(desk, "2026-43-0000999-9", "00000000")
        assert wrong_pin.status_code == wrong_number.status_code == 404
        assert wrong_pin.text.replace(number, "") == wrong_number.text.replace("2026-43-0000999-9", "")

    async def test_guessing_has_to_wait_and_is_told_how_long(self, desk):
        number, pin, _ = await filed(desk)
        for _ in range(4):
            page = await look(desk, number, "00000000")
        assert page.status_code == 429
        assert int(page.headers["retry-after"]) > 0
        assert "Повторите через 1\xa0мин" in page.text
        desk.clock.advance(timedelta(minutes=1))
        assert (await look(desk, number, pin)).status_code == 200

    async def test_the_pin_is_nowhere_in_an_address(self, desk):
        number, pin, _ = await filed(desk)
        page = await look(desk, number, pin)
        assert pin.replace(" ", "") not in " ".join(re.findall(r'(?:href|action|src)="([^"]*)"', page.text))

    async def test_a_new_appeal_says_who_has_it_and_explains_its_date(self, desk):
        number, pin, _ = await filed(desk)
        page = await look(desk, number, pin, "kk")
        for words in ("Тіркелді", "Қор: бірінші деңгей (кеңес беру)", "Өтініш тіркелді", "2-жұмыс күні", "Қалай шағымдануға болады"):
            assert words in page.text

    async def test_a_late_answer_is_called_late(self, desk):
        number, pin, _ = await filed(desk)
        desk.clock.advance(timedelta(days=40))
        assert "Срок ответа прошёл" in (await look(desk, number, pin)).text

    async def test_a_term_by_no_rule_says_that_it_was_changed(self, desk):
        number, pin, appeal_id = await filed(desk)
        due = datetime(2026, 4, 1, 18, 59, 59, tzinfo=UTC)
        clock = ClockStarted(
            appeal_id=appeal_id, clock_id=uuid4(), policy="APPK_15WD", statutory=True,
            started_at=desk.clock.now(), due_at=due, calendar_version="x",
        )  # fmt: skip
        await happen(desk, clock)
        page = await look(desk, number, pin)
        assert "Срок был изменён" in page.text
        assert "рабочий день" not in page.text

    async def test_an_answer_is_read_with_its_findings_until_its_owner_is_down(self, desk):
        number, pin, appeal_id = await filed(desk)
        answer_id = uuid4()
        desk.foundation.local_apps["routing"] = owner = answers(answer_id)
        await happen(
            desk, AnswerGiven(appeal_id=appeal_id, answer_id=answer_id, language="kk", findings=["JUSTIFIED"], actor_role="specialist")
        )
        await happen(desk, CaseClosed(appeal_id=appeal_id, outcome="JUSTIFIED", actor_role="specialist"))
        page = await look(desk, number, pin)
        for words in ("Емхана сізді қабылдайды", "Отказ в приёме врача: Обоснована", "Жазба жоқ", "2-тармақ", "Ертең келіңіз", "Закрыто"):
            assert words in page.text
        owner.state.down = True
        assert "Ответ готов" in (await look(desk, number, pin)).text


class TestTheStyleSheet:
    @pytest.mark.parametrize("kind", taxonomy().kinds.values(), ids=lambda kind: kind.code)
    def test_every_kind_opens_the_list_of_its_own_subjects(self, kind):
        rules = (PACKAGE / "static" / "intake.css").read_text(encoding="utf-8").splitlines()
        opening = [rule for rule in rules if f'[value="{kind.code}"]' in rule]
        assert len(opening) == 1
        assert f".by-{kind.subject} {{ display: block; }}" in opening[0]


class TestTheCatalogs:
    def test_every_sentence_is_translated(self):
        assert missing_messages(PACKAGE) == []


def answers(answer_id: UUID) -> FastAPI:
    """Routing, as far as the page needs it."""
    app = FastAPI()
    app.state.down = False

    @app.post("/routing/internal/v1/contents", response_model=None)
    async def contents(request: Request) -> dict:
        if app.state.down:
            raise ConnectionError
        content = {
            "language": "kk",
            "text": "Емхана сізді қабылдайды.",
            "findings": [{"category": "REFUSAL_APPOINTMENT", "outcome": "JUSTIFIED", "fact": "Жазба жоқ", "rule": "2-тармақ"}],
            "next_steps": "Ертең келіңіз.",
            "how_to_complain": None,
        }
        assert (await request.json())["ids"] == [str(answer_id)]
        return {"items": [{"id": str(answer_id), "found": True, "content": content}]}

    return app
