import re

import pytest

from tests.routing.desk.support import ANSWER, open_desk, send, session

SCRIPT = {"Accept": "application/json"}


async def post(desk, appeal_id, who=None, **fields):
    sent = ANSWER | {"expected_draft_version": "0"} | fields
    return await desk.client.post(f"/routing/desk/{appeal_id}/texts", headers=who or session(desk), data=sent)


def typed_text(page) -> str:
    return page.text.split('id="f-text"')[1].split("</textarea>")[0].partition(">")[2].strip()


@pytest.mark.usefixtures("articles")
class TestReadyTexts:
    async def test_articles_of_every_topic_are_found_and_the_answer_comes_back(self, desk, complaint):
        page = await post(desk, complaint, find="yes", article_query="Сколько платит ИП")
        assert page.status_code == 200
        assert "5\u00a0% от 1,4\u00a0МЗП" in page.text
        assert typed_text(page) == ANSWER["text"]
        assert "article_query=" not in page.text  # what is searched for is in no address
        assert ANSWER["text"] in (await open_desk(desk, f"/{complaint}")).text  # and the draft is saved

    async def test_the_script_gets_them_as_data(self, desk, complaint):
        found = (await post(desk, complaint, who=session(desk) | SCRIPT, article_query="Сколько платит ИП")).json()["items"]
        assert found[0] == {
            "title": "Сколько платит ИП за себя?",
            "text": "Индивидуальный предприниматель платит за себя 5\u00a0% от 1,4\u00a0МЗП: в 2026 году 5\u00a0950\u00a0тенге в месяц. "
            "Срок уплаты – до 25 числа следующего месяца.",
            "language": "ru",
            "source": "pay-rates-sole-trader:1",
            "is_confirmed": True,
        }
        assert (await post(desk, complaint, who={"Cookie": "aryz_lang=en"} | SCRIPT)).status_code == 401
        assert (await post(desk, complaint, who=session(desk, region="KZ-75") | SCRIPT)).status_code == 404

    async def test_nothing_found_is_said(self, desk, complaint):
        assert "No article was found." in (await post(desk, complaint, find="yes", article_query="ыыыыы")).text

    async def test_sentences_are_filled_for_the_case(self, desk, owners, complaint):
        owners.sent = {"provider_name": "5 <емхана>"}
        page = (await open_desk(desk, f"/{complaint}")).text
        assert f"Ваше обращение № {(await desk.case(complaint))['number']} рассматривается." in page
        assert "у медицинской организации: 5 &lt;емхана&gt;." in page

    async def test_without_script_a_text_is_inserted_by_its_button(self, desk, complaint):
        page = await open_desk(desk, f"/{complaint}")
        [sentence] = re.findall(r'name="insert" value="(Приносим [^"]+)"', page.text)
        inserted = await post(desk, complaint, insert=sentence)
        assert typed_text(inserted) == f"{ANSWER['text']}\n\n{sentence}"
        assert typed_text(await open_desk(desk, f"/{complaint}")) == typed_text(inserted)


class TestPreview:
    async def test_it_is_in_the_language_of_the_answer_whatever_the_clerk_reads(self, desk, complaint):
        page = await post(desk, complaint, preview="yes", text="Вас примет <b>терапевт</b>.")
        shown = page.text.split('class="preview stack"')[1].split("</section>")[0]
        assert 'lang="ru"' in shown
        for text in ("Ответ", "Вас примет &lt;b&gt;терапевт&lt;/b&gt;.", "Обоснована", "Что будет дальше", "Если вы не согласны"):
            assert text in shown
        assert ANSWER["findings.0.fact"] in shown

    async def test_an_incomplete_answer_is_shown_as_far_as_it_goes(self, desk, complaint):
        page = await post(desk, complaint, preview="yes", **{"findings.0.outcome": "", "findings.0.category": "", "next_steps": ""})
        assert page.status_code == 200
        assert "So the applicant will see it" in page.text


class TestTheNextCase:
    async def test_after_sending_the_next_case_of_the_list_opens_at_its_heading(self, desk, complaint):
        other = await desk.open(kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
        done = await desk.client.post(
            f"/routing/desk/{complaint}/answer?tab=queue",
            headers=session(desk),
            data=ANSWER | {"expected_version": "1", "hold_seconds": "30", "next": "yes"},
        )
        assert done.headers["location"] == f"/routing/desk/{other}?tab=queue&flash=held#case-title"

    async def test_after_the_last_one_the_list_opens(self, desk, complaint):
        done = await send(desk, complaint, "answer", **(ANSWER | {"next": "yes"}))
        assert done.headers["location"] == "/routing/desk?flash=answer"

    async def test_a_refused_answer_stays_where_it_is(self, desk, complaint):
        await desk.open(kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
        assert (await send(desk, complaint, "answer", **(ANSWER | {"next": "yes", "next_steps": ""}))).status_code == 422
