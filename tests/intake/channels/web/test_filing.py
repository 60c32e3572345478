"""Filing an appeal on the web: form, preview and talon."""

import html
import io
import json
import re
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI, Request
from PIL import Image

from intake.channels.web.service import qr
from intake.forms.service import definitions as forms
from intake.forms.service import draft as form
from intake.forms.service.consents import consents
from intake.handlers import HANDLERS, copy_providers
from intake.register.codes import CONSENTS
from intake.register.models import Appeal
from shared.contracts import ProviderRecorded
from shared.language.danger_advice import danger_advice
from shared.messaging.envelope import Envelope
from shared.messaging.handling import Batch, Received
from shared.web.session import COOKIE
from tests.keys import key_named

PACKAGE = Path(__file__).parents[4] / "services" / "intake" / "intake"
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
KEY = key_named("form")


def request_to(path, app=None):
    return Request(
        {
            "type": "http",
            "app": app,
            "method": "GET",
            "scheme": "http",
            "server": ("aryz.example", 80),
            "path": path,
            "headers": [],
            "query_string": b"",
        }
    )


async def post(desk, step, spoken="ru", **changes):
    return await desk.client.post(f"/intake/?lang={spoken}", data=FORM | {"key": KEY, "step": step} | changes)


def picture():
    drawn = io.BytesIO()
    Image.new("RGB", (4, 4)).save(drawn, "PNG")
    return drawn.getvalue()


async def upload(desk, *documents, **changes):
    fields = FORM | {"key": KEY, "step": "preview"} | changes
    return await desk.client.post("/intake/?lang=ru", data=fields, files=[("file", one) for one in documents] or {"none": ("", b"")})


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
        async with desk.parts.units.write() as work:
            await copy_providers(work, Batch([Received(event, None, ("", 0, 0))], {}))
    return five.provider_id


async def happen(desk, event):
    event_id = uuid4()
    envelope = Envelope(event_id, event.TYPE, desk.clock.now(), str(event.subject), event_id, None, None, b"")
    async with desk.parts.units.write() as work:
        await HANDLERS[type(event)](work, Batch([Received(event, envelope, ("", 0, 0))], {}))


async def filed(desk):
    number, pin = talon(await post(desk, "send"))
    (row,) = await desk.rows(Appeal)
    return number, pin, row.id


async def open_appeal(desk, number, pin, language="ru"):
    return await desk.client.post(f"/intake/track?lang={language}", data={"number": number, "pin": pin})


class TestTheForm:
    @pytest.mark.parametrize(("language", "title"), [("kk", "Өтініш беру"), ("ru", "Подать обращение"), ("en", "File an appeal")])
    async def test_it_has_three_languages_and_always_names_the_emergency_numbers(self, desk, language, title):
        page = await desk.client.get(f"/intake/?lang={language}")
        assert page.status_code == 200
        assert f"<h1>{title}</h1>" in page.text
        assert 'href="tel:103"' in page.text
        assert page.headers["cache-control"] == "no-store"

    async def test_no_consent_is_ticked_in_advance_and_each_has_its_full_text(self, desk):
        page = await desk.client.get("/intake/?lang=kk")
        assert not re.search(r'type="checkbox"[^>]* checked', page.text)
        for one in consents("kk"):
            assert all(html.escape(text, quote=False) in html.unescape(page.text) for _, text in one.content)

    async def test_query_parameters_fill_fields(self, desk):
        page = await desk.client.get("/intake/", params={"kind": "REPORT", "region": "KZ-75", "provider": "7 емхана"})
        assert re.search(r'value="REPORT" checked', page.text)
        assert '<option value="KZ-75" selected>' in page.text
        assert 'value="7 емхана"' in page.text
        other = await desk.client.get("/intake/", params={"kind": "NONSENSE", "region": "XX"})
        assert re.search(r'value="" checked', other.text)
        assert "NONSENSE" not in other.text.replace("kind=NONSENSE", "")

    async def test_every_kind_can_be_chosen_by_a_query_parameter(self, desk):
        for one in forms.services("web"):
            page = await desk.client.get("/intake/", params={"kind": one.code})
            assert f'value="{one.code}" checked' in page.text

    async def test_it_asks_what_the_definition_says_and_hides_what_another_kind_asks(self, desk):
        page = await desk.client.get("/intake/?lang=ru")
        for one in form.questions().values():
            assert f'name="{one.name}"' in page.text
            assert html.escape(one.label.ru, quote=False) in html.unescape(page.text)
        style = (PACKAGE / "static" / "intake.css").read_text(encoding="utf-8")
        for name in form.sometimes():
            assert f'data-asked="{name}"' in page.text
            assert f'form:has([data-asks~="{name}"]:checked) [data-asked="{name}"]' in style

    async def test_the_bar_says_who_is_signed_in(self, desk):
        token = desk.foundation.issuer.issue("specialist", region="KZ-43", name="Сынақ Маман")
        page = await desk.client.get("/intake/?lang=ru", headers={"Cookie": f"{COOKIE}={token}"})
        assert "Сынақ Маман" in page.text
        assert "Специалист · Кызылординская область" in page.text


class TestWhatIsWrong:
    @pytest.mark.parametrize(
        ("language", "message"), [("kk", "Өңірді таңдаңыз."), ("ru", "Выберите регион."), ("en", "Choose the region.")]
    )
    async def test_an_error_is_in_the_visitors_language_and_nothing_is_lost(self, desk, language, message):
        page = await post(desk, "preview", language, region="", **{"applicant.iin": "123"})
        assert page.status_code == 422
        assert f'<a href="#f-region">{message}</a>' in page.text
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
            ("answer_by", "PIGEON"),
        ],
    )
    async def test_each_field_is_marked_and_nothing_is_stored(self, desk, field, value):
        page = await post(desk, "send", **{field: value})
        assert page.status_code in {400, 422}
        assert f'href="#f-{field.replace(".", "-")}"' in page.text
        assert await desk.rows(Appeal) == []

    async def test_all_errors_are_named_at_once(self, desk):
        page = await post(desk, "preview", region="", text="", **{"applicant.iin": "1", "applicant.phone": "2", "consents.PROCESSING": ""})
        named = ["region", "text", "applicant-iin", "applicant-phone", "consents-PROCESSING"]
        assert re.findall(r'<a href="#f-([\w-]+)"', page.text) == named

    async def test_a_channel_of_the_answer_names_the_contact_it_needs(self, desk):
        page = await post(desk, "preview", answer_by="EMAIL")
        assert 'href="#f-applicant-email">Без этого ответ нельзя отправить выбранным способом.' in page.text

    async def test_a_patient_is_named_before_anything_else_of_them(self, desk):
        for about in ({"patient.iin": "991231501014"}, {"authority": "қызы"}):
            page = await post(desk, "preview", **about)
            assert 'href="#f-patient-full_name">Укажите, за кого вы пишете' in page.text
            assert re.search(r"<details open>\s*<summary>Да, пишу", page.text)

    async def test_every_error_code_has_a_message(self):
        assert {one.code for one in consents("ru")} == CONSENTS
        assert set(form._BY_FIELD) <= set(form.fields())

    async def test_a_body_that_is_not_a_form_is_refused(self, desk):
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
        for text in ("Отказ в приёме врача", "Кызылординская область", "Терапевт қабылдамады.", "Сынақ Азамат", "23 февраля 2026"):
            assert text in page.text.replace("\u202f", " ").replace("\xa0", " ")
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

    async def test_a_subject_of_another_kind_is_dropped(self, desk):
        page = await post(desk, "preview", kind="CONSULTATION", topic="STATUS_CHECK")
        assert page.status_code == 200
        assert hidden(page)["category"] == ""
        assert hidden(page)["topic"] == "STATUS_CHECK"

    async def test_words_of_danger_are_answered_with_103_and_112_first(self, desk):
        danger, plain = await post(desk, "preview", text="Адам талып қалды, тыныс ала алмай жатыр"), await post(desk, "preview")
        assert danger_advice("ru").nobody_comes in danger.text
        assert danger.text.index('href="tel:103"') < danger.text.index("Ваши слова")
        assert danger_advice("ru").nobody_comes not in plain.text

    async def test_fields_that_the_law_requires_are_named_and_do_not_stop_the_appeal(self, desk):
        page = await post(desk, "preview", kind="ZHALOBA")
        assert page.status_code == 200
        assert "Что обжалуется; Почтовый адрес (статьи 63 и 93 АППК)" in page.text

    async def test_an_anonymous_visitor_is_warned(self, desk):
        page = await post(desk, "preview", **{"applicant.full_name": "", "applicant.phone": "", "consents.PROCESSING": ""})
        assert page.status_code == 200
        assert "Вы не назвали себя" in page.text


class TestTheTalon:
    async def test_number_pin_and_the_computation_of_the_deadline_are_shown(self, desk):
        page = await post(desk, "send")
        number, pin = talon(page)
        (row,) = await desk.rows(Appeal)
        assert page.status_code == 201
        assert page.headers["cache-control"] == "no-store"
        assert (row.number, row.channel, row.language, row.category) == (number, "WEB", "kk", "REFUSAL_APPOINTMENT")
        assert "1-й рабочий день" in page.text
        assert "Филиал НАО «ФСМС» по Кызылординской области" in page.text
        assert (await desk.track(number, pin)).status_code == 200

    async def test_words_of_danger_are_answered_once_more_and_nobody_is_asked_to_send_it_again(self, desk):
        page = await post(desk, "send", text="Ребёнок задыхается")
        assert 'href="tel:103"' in page.text
        assert danger_advice("ru").nobody_comes in page.text
        assert "Отправьте" not in page.text

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

    async def test_an_unknown_organisation_leads_back_to_the_form(self, desk):
        page = await post(desk, "send", **{"provider.provider_id": str(uuid4())})
        assert page.status_code == 422
        assert "Этой организации нет в справочнике" in page.text

    async def test_an_anonymous_appeal_is_accepted(self, desk):
        page = await post(desk, "send", **{"applicant.full_name": "", "applicant.phone": "", "consents.PROCESSING": ""})
        assert page.status_code == 201
        assert "Вы не назвали себя" in page.text

    async def test_a_representative_and_an_administrative_complaint_are_filed_whole(self, desk):
        extra = {
            "patient.full_name": "Сынақ Әже",
            "authority": "қызы",
            "contested_act": "1-1/5 шешім",
            "applicant.email": "synaq@mail.example",
        }
        page = await post(desk, "send", kind="ZHALOBA", answer_by="EMAIL", **extra)
        assert page.status_code == 201
        (row,) = await desk.rows(Appeal)
        assert (row.kind, row.statutory_form, row.answer_by) == ("COMPLAINT", "ZHALOBA", "EMAIL")
        kept = json.loads(desk.parts.sealer.open("appeal", row.id, "particulars", row.particulars))
        assert kept == {"patient": {"full_name": "Сынақ Әже"}, "authority": "қызы", "contested_act": "1-1/5 шешім"}

    async def test_its_qr_code_contains_the_number_and_no_pin(self, desk):
        page = await post(desk, "send")
        number, pin = talon(page)
        drawn = re.search(r"<svg viewBox=[^>]*><path fill=\"#fff\".*?</svg>", page.text).group()
        for length in (pin, pin.replace(" ", "")):
            assert qr.tracking_code(request_to("/intake/", desk.app), number + length) != drawn
        assert qr.tracking_code(request_to("/intake/", desk.app), number) == drawn
        assert f'value="{number}"' in (await desk.client.get("/intake/track", params={"number": number})).text

    async def test_its_qr_code_has_the_public_address(self, desk, start, tmp_path):
        seen = request_to("/intake/", desk.app)
        assert qr.tracking_address(seen, "1") == "http://aryz.example/intake/track?number=1"
        async with start(tmp_path / "public", public_url="https://1414.example") as public:
            seen = request_to("/intake/", public.app)
            assert qr.tracking_address(seen, "1") == "https://1414.example/intake/track?number=1"
            page = await post(public, "send")
            assert qr.tracking_code(seen, talon(page)[0]) in page.text

    async def test_after_hours_it_says_when_the_appeal_counts_as_registered(self, desk):
        desk.clock.advance(timedelta(hours=9))
        page = await post(desk, "send")
        assert "в нерабочее время" in page.text

    async def test_an_address_over_the_rate_limit_waits_and_loses_nothing(self, start, tmp_path):
        async with start(tmp_path / "limited", anonymous_per_minute=1) as desk:
            await post(desk, "send")
            page = await post(desk, "send", key=str(uuid4()))
            assert page.status_code == 429
            assert page.headers["retry-after"] == "60"
            assert hidden(page)["text"] == FORM["text"].replace("\r\n", "\n")
            assert "через 60 секунд" in page.text


def answers(answer_id: UUID) -> FastAPI:
    """A stand-in for routing that returns the content of an answer."""
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
