from datetime import timedelta

from intake.register.models import ContentRead
from shared.language.danger_advice import danger_advice
from tests.intake.channels.web.test_filing import filed, open_appeal, post, talon

CONTENTS = "/intake/internal/v1/contents"


async def read(desk, appeal_id, role, purpose="desk-text", subject="clerk-7"):
    body = {"ids": [str(appeal_id)], "purpose": purpose, "on_behalf_of": subject, "role": role}
    answer = await desk.client.post(CONTENTS, json=body, headers=desk.token("service", subject="routing"))
    assert answer.status_code == 200


class TestWhoReadAnAppeal:
    async def test_the_applicant_sees_role_part_and_time_and_no_name(self, desk):
        number, pin, appeal_id = await filed(desk)
        await read(desk, appeal_id, "specialist")
        desk.clock.advance(timedelta(minutes=1))
        await read(desk, appeal_id, "specialist")
        await read(desk, appeal_id, "expert", purpose="desk")
        page = (await open_appeal(desk, number, pin, "ru")).text
        assert "<b>Специалист</b> <span>открывал(а) текст, 2 раза</span>" in page
        assert "<b>Эксперт</b> <span>открывал(а) текст и ваши контакты</span>" in page
        assert "clerk-7" not in page

    async def test_machines_that_classify_are_no_readers(self, desk):
        number, pin, appeal_id = await filed(desk)
        body = {"ids": [str(appeal_id)], "purpose": "classification"}
        assert (await desk.client.post(CONTENTS, json=body, headers=desk.token("service", subject="routing"))).status_code == 200
        assert "Әзірге ешкім ашқан жоқ" in (await open_appeal(desk, number, pin, "kk")).text
        assert [row.appeal_id for row in await desk.rows(ContentRead)] == [None]

    async def test_the_appeal_itself_is_shown_to_its_applicant_alone(self, desk):
        number, pin, _ = await filed(desk)
        own = (await desk.track(number, pin=pin)).json()
        assert own["text"]
        assert own["reads"] == []
        staff = (await desk.track(number, headers=desk.token("specialist", region=own["region"]))).json()
        assert (staff["text"], staff["category"], staff["topic"], staff["provider"], staff["reads"]) == (None, None, None, None, [])
        page = (await open_appeal(desk, number, pin, "kk")).text
        assert "Сіз жазған өтініш" in page
        assert own["text"].splitlines()[0] in page

    async def test_on_the_page_too_a_danger_in_the_text_comes_first(self, desk):
        number, pin = talon(await post(desk, "send", text="Ребёнок задыхается"))
        page = (await open_appeal(desk, number, pin, "ru")).text
        assert page.index(danger_advice("ru").nobody_comes) < page.index("Что вы написали")
