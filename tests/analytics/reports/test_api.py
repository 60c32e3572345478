import html
import io
import re
from datetime import date, timedelta
from uuid import UUID

import docx
import pikepdf
import pytest
from sqlalchemy import update

from analytics.facts.models import provider
from analytics.reports.models import issued_report
from tests.analytics.reports.statistics import fact_row, kyzylorda_2025, store

PROVIDERS = [UUID(int=501), UUID(int=502), None]
OTHERS = ["operator", "specialist", "expert", "provider", "partner", "applicant", "channel", "telephony", "service"]
SENTENCES = {
    "kk": [
        "2025 жылы Әлеуметтік медициналық сақтандыру қорына Қызылорда облысынан 2 669 өтініш түсті.",
        "2 669 өтініштің 736-сы (27,6 %) – шағым.",
        "Шағымдар саны 2024 жылмен салыстырғанда 111-ге (13,1 %) азайды: бұрын 847 болған.",
        "Өтініштердің басым бөлігі кеңес беру сипатында болды: 1 933 (72,4 %).",
        "медициналық көмектің сапасы (294; 39,9 %), медициналық көмек көрсетуден бас тарту (238; 32,3 %) және дәрілік заттармен",
        "736 шағымның 110-ы (14,9 %) себебі көрсетілмеген.",
        "736 шағымның 415-і (56,4 %) «осы жерде және дәл қазір» қағидаты бойынша шешілген немесе қайтарып алынған.",
        "Олардың үлесі өсіп, 51,1 %-дан 56,4 %-ға жетті.",
        "Олар бөлінбей жарияланған",
    ],
    "ru": [
        "В 2025 году в Фонд социального медицинского страхования из Кызылординской области поступило 2 669 обращений.",
        "Жалоб среди них – 736 (27,6 %).",
        "Число жалоб по сравнению с 2024 годом сократилось на 111 (13,1 %): было 847.",
        "Причина не указана у 110 из 736 жалоб (14,9 %).",
        "По принципу «здесь и сейчас» решены или отозваны заявителями 415 жалоб из 736 (56,4 %).",
        "Их доля выросла с 51,1 % до 56,4 %.",
        "Они опубликованы нераздельно",
    ],
}  # fmt: skip


def plain(text: str) -> str:
    """Return the text of a page."""
    return html.unescape(re.sub(r"<[^>]+>", "", text)).replace("\u202f", " ").replace("\u00a0", " ")


class TestContent:
    @pytest.mark.parametrize("language", ["kk", "ru"])
    async def test_the_report_of_the_published_year_of_kyzylorda_has_its_exact_counts(self, kyzylorda, language):
        answer = await kyzylorda.get("/reports/KZ-43/2025.html", language=language)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert answer.headers["content-language"] == language
        text = plain(answer.text)
        assert [sentence for sentence in SENTENCES[language] if sentence not in text] == []

    @pytest.mark.parametrize("language", ["kk", "ru"])
    async def test_the_text_document_has_the_same_sentences_and_tables(self, kyzylorda, language):
        answer = await kyzylorda.get("/reports/KZ-43/2025.docx", language=language)
        assert f'filename="report-KZ-43-2025-{language}.docx"' in answer.headers["content-disposition"]
        found = docx.Document(io.BytesIO(answer.content))
        text = "\n".join(paragraph.text for paragraph in found.paragraphs).replace("\u202f", " ").replace("\u00a0", " ")
        assert [sentence for sentence in SENTENCES[language] if sentence not in text] == []
        cells = {cell.text.replace("\u202f", " ") for table in found.tables for row in table.rows for cell in row.cells}
        assert {"2 669", "1 933", "736", "847", "294", "238", "94", "110", "415", "433", "−111"} <= cells

    async def test_tables_of_the_text_document_stay_whole_and_pictures_within_the_margins(self, kyzylorda):
        found = docx.Document(io.BytesIO((await kyzylorda.get("/reports/KZ-43/2025.docx")).content))
        for table in found.tables:
            *before, last = [[cell.paragraphs[0].paragraph_format.keep_with_next for cell in row.cells] for row in table.rows]
            assert all(map(all, before))
            assert not any(last)
        page = found.sections[0]
        assert len(found.inline_shapes) == 5
        for shape in found.inline_shapes:
            assert shape.width <= page.page_width - page.left_margin - page.right_margin
            assert [shape._inline.get(f"dist{side}") for side in "TBLR"] == ["0"] * 4  # without them LibreOffice shifts the picture
        sizes = found.sections[0].footer.paragraphs[0]._p.xpath(".//w:r/w:rPr/w:sz/@w:val")
        assert sizes == ["18", "18"]  # the number of the page as the text before it

    async def test_a_column_of_the_text_document_has_room_for_the_longest_word_of_its_head(self, kyzylorda):
        found = docx.Document(io.BytesIO((await kyzylorda.get("/reports/KZ-43/2025-H1.docx")).content))
        heads = found.tables[0].rows[0].cells
        assert heads[2].text == "2025 жылғы 1-жартыжылдық"
        assert [round(cell.width.mm) for cell in heads] == [47, 34, 34, 25, 25]

    async def test_the_pdf_is_tagged_and_names_its_language(self, kyzylorda):
        for language in ("kk", "ru"):
            answer = await kyzylorda.get("/reports/KZ-43/2025.pdf", language=language)
            assert answer.headers["content-type"] == "application/pdf"
            with pikepdf.open(io.BytesIO(answer.content)) as file:
                assert str(file.Root.Lang).startswith(language)
                assert file.Root.MarkInfo.Marked
                assert b"pdfuaid:part" in file.Root.Metadata.read_bytes()

    async def test_the_same_report_is_the_same_pdf(self, kyzylorda):
        first, second = [(await kyzylorda.get("/reports/KZ-43/2025.pdf")).content for _ in range(2)]
        assert first == second

    async def test_a_quarter_is_compared_with_the_quarter_before_on_request(self, kyzylorda):
        text = plain((await kyzylorda.get("/reports/KZ-43/2025-Q3.html", language="ru", compare="previous_period")).text)
        assert "В третьем квартале 2025 года" in text
        assert "По сравнению со вторым кварталом 2025 года" in text

    async def test_districts_of_the_providers_are_a_section_where_they_are_known(self, world):
        names = {"name_kk": "Емхана", "name_ru": "Поликлиника", "region": "KZ-43"}
        rows = [fact_row(number, provider_id=PROVIDERS[min(number // 4, 2)], category="QUALITY") for number in range(1, 10)]
        await store(world, rows)
        async with world.parts.database.write() as session:
            await session.execute(
                provider.insert(),
                [names | {"provider_id": PROVIDERS[1], "district": "Қазалы"}, names | {"provider_id": PROVIDERS[0], "district": "Шиелі"}],
            )
        text = plain((await world.get("/reports/KZ-43/2025.html")).text)
        assert "Шағым ең көп түскен аудандар: Қазалы (4; 44,4 %) және Шиелі (3; 33,3 %)." in text
        assert "9 шағымның 2-сі (22,2 %) ауданы белгісіз" in text

    async def test_a_period_without_appeals_says_so(self, world):
        text = plain((await world.get("/reports/KZ-75/2025-09.html")).text)
        assert "2025 жылғы қыркүйекте Әлеуметтік медициналық сақтандыру қорына Алматы қаласынан өтініш түспеді." in text
        assert "Қайшылық табылмады." in text

    async def test_the_country_has_a_table_of_regions(self, world):
        await store(world, [fact_row(1), fact_row(2, region="KZ-27"), fact_row(3, region="KZ-27")])
        text = plain((await world.get("/reports/KZ/2025.html", language="ru")).text)
        assert "со всей страны поступило 3 обращения" in text
        assert "Больше всего жалоб поступило из регионов: Западно-Казахстанская область (2; 66,7 %)" in text


class TestRights:
    async def test_those_who_lead_a_region_read_its_reports_alone(self, kyzylorda):
        for role in ("supervisor", "head"):
            assert (await kyzylorda.get("/reports/KZ-43/2025.html", role, "KZ-43")).status_code == 200
            for region in ("KZ-27", "KZ"):
                assert (await kyzylorda.get(f"/reports/{region}/2025.html", role, "KZ-43")).status_code == 403
            assert (await kyzylorda.get("/reports/KZ-43/2025.html", role, None)).status_code == 403

    @pytest.mark.parametrize("role", OTHERS)
    async def test_other_roles_read_nothing(self, world, role):
        assert (await world.get("/reports/KZ-43/2025.html", role, "KZ-43")).status_code == 403

    async def test_without_a_token_there_is_nothing(self, world):
        assert (await world.get("/reports/KZ-43/2025.html", None)).status_code == 401


class TestRequest:
    @pytest.mark.parametrize(
        ("path", "query", "field", "code"),
        [
            ("KZ-43/2025-13", {}, "period", "bad-format"), ("KZ-43/2025-Q5", {}, "period", "bad-format"),
            ("KZ-43/1999", {}, "period", "bad-format"), ("KZ-43/2026", {}, "period", "not-over"),
            ("KZ-43/2026-02", {}, "period", "not-over"), ("KZ-99/2025", {}, "region", "unknown-code"),
            ("KZ-43/2025", {"language": "en"}, "language", "unknown-code"), ("KZ-43/2025", {"colour": "red"}, "colour", "unknown-field"),
            ("KZ-43/2025", {"as_of": "2026-02-05T12:00:00"}, "as_of", "timezone-required"),
            ("KZ-43/2025", {"as_of": "1770000000"}, "as_of", "bad-format"),
        ],
    )  # fmt: skip
    async def test_a_wrong_request_is_refused_by_its_field(self, world, path, query, field, code):
        refused = await world.get(f"/reports/{path}.html", **query)
        assert refused.status_code == 422
        assert [(each["field"], each["code"]) for each in refused.json()["errors"]] == [(field, code)]

    async def test_another_form_and_another_issue_do_not_exist(self, kyzylorda):
        assert (await kyzylorda.get("/reports/KZ-43/2025.odt")).status_code in {404, 422}
        assert (await kyzylorda.get("/reports/KZ-43/2025.html", issue=1)).status_code == 404


class TestIssues:
    async def test_an_issue_keeps_its_numbers_and_the_next_says_what_changed(self, kyzylorda, issue, clock):
        await issue()
        await store(kyzylorda, [fact_row(900_001, category="QUALITY", outcome="JUSTIFIED", received_on=date(2025, 3, 1))])
        clock.advance(timedelta(days=1))
        assert "2 669 өтініш" in plain((await kyzylorda.get("/reports/KZ-43/2025.html")).text)
        await issue()
        text = plain((await kyzylorda.get("/reports/KZ-43/2025.html")).text)
        assert "2 670 өтініш" in text
        assert "1-шығарылымнан бері не өзгерді" in text
        assert re.search(r"Шағымдардың себептері: Медициналық көмектің сапасы\s*294\s*295", text)
        first = plain((await kyzylorda.get("/reports/KZ-43/2025.html", issue=1)).text)
        assert "2 669 өтініш" in first
        assert "1-шығарылым, 2026 ж. 5 ақпан" in first

    async def test_a_time_returns_the_issue_that_was_the_latest_then(self, kyzylorda, issue, clock):
        first = clock.now()
        await issue()
        await store(kyzylorda, [fact_row(900_001, category="QUALITY", outcome="JUSTIFIED", received_on=date(2025, 3, 1))])
        clock.advance(timedelta(days=1))
        await issue()
        received = {}
        for name, at in (("at once", first), ("just before the second", clock.now() - timedelta(microseconds=1)), ("now", clock.now())):
            answer = await kyzylorda.get("/reports/KZ-43/2025.html", as_of=at.isoformat())
            received[name] = re.findall(r"2 6[67]\d(?= өтініш түсті)", plain(answer.text))[0]
            assert f"&amp;issue={2 if name == 'now' else 1}" in answer.text
        assert received == {"at once": "2 669", "just before the second": "2 669", "now": "2 670"}
        for query in ({"as_of": (first - timedelta(seconds=1)).isoformat()}, {"as_of": first.isoformat(), "issue": 2}):
            assert (await kyzylorda.get("/reports/KZ-43/2025.html", **query)).status_code == 404

    async def test_an_issue_without_changes_says_so(self, kyzylorda, issue):
        await issue()
        await issue()
        assert "ни одно число не изменилось" in plain((await kyzylorda.get("/reports/KZ-43/2025.html", language="ru")).text)

    async def test_numbers_that_do_not_reconcile_are_refused_and_named(self, kyzylorda, issue):
        await issue()
        async with kyzylorda.parts.database.write() as session:
            content = (await session.execute(issued_report.select())).one().content
            quality = next(part for part in content["figures"]["categories"]["parts"] if part["code"] == "QUALITY")
            quality["value"] = 293
            await session.execute(update(issued_report).values(content=content))
        for form in ("html", "pdf", "docx"):
            refused = await kyzylorda.get(f"/reports/KZ-43/2025.{form}")
            assert (refused.status_code, refused.json()["code"]) == (409, "report-does-not-reconcile")
            (found,) = refused.json()["contradictions"]
            assert (found["stated"], found["computed"]) == ("736", "735")
            assert "735" in found["explanation_kk"]
            assert "Сумма частей меньше итога" in found["explanation_ru"]

    async def test_two_years_of_one_register_are_compared_reason_by_reason(self, world):
        before = kyzylorda_2025(500_001)
        for row in before:
            row["received_on"] = row["received_on"].replace(year=2024)
        rose = [fact_row(900_000 + number, category="DRUGS", outcome="JUSTIFIED") for number in range(200)]
        await store(world, [*before, *kyzylorda_2025(), *rose])
        text = plain((await world.get("/reports/KZ-43/2025.html")).text)
        assert "Ең көп өскен себеп – «Дәрілік заттармен қамтамасыз етуден бас тарту»: 94-тен 294-ке жетті." in text
        assert "Өтініштер саны 2024 жылмен салыстырғанда 200-ге (7,5 %) көбейді: бұрын 2 669 болған." in text
