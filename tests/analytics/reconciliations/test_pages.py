import pytest

from analytics.reconciliations.policy import example
from analytics.reconciliations.service import FILE_LIMIT, reconcile
from shared.web.session import COOKIE

PATH = "/analytics/reconcile"


def squeezed(html):
    return " ".join(html.replace("\u202f", " ").replace("\u00a0", " ").split())


@pytest.fixture
def browser(world):
    """`response = await browser("POST", PATH, role, files=…)`: a request as a browser sends it."""

    async def send(method, path=PATH, role="analyst", language="ru", **content):
        cookie = f"{COOKIE}={world.token(role, 'KZ-43')}" if role else ""
        headers = {"cookie": cookie, "accept-language": language, "accept": "text/html", "sec-fetch-site": "same-origin"}
        return await world.client.request(method, path, headers=headers, **content)

    return send


class TestThePage:
    async def test_before_the_first_check_it_offers_an_example(self, browser):
        page = squeezed((await browser("GET")).text)
        assert "Пока ничего не проверено" in page
        assert f'href="{PATH}/example.csv"' in page
        assert "56,3 %, более 684 тыс." in page

    async def test_an_uploaded_file_is_shown_with_its_verdicts_contradictions_first(self, browser):
        response = await browser("POST", files={"file": ("a.csv", example("kyzylorda-2025").encode()), "table": (None, "")})
        page = squeezed(response.text)
        assert response.status_code == 200
        assert "Противоречий: 2. Строк в таблице: 19." in page
        assert "Изменение составляет −13,1 %, а в тексте указано −11,9 %." in page
        assert page.index("Строка 9") < page.index("Строка 3")

    async def test_a_table_pasted_out_of_excel_is_checked_and_stays_in_the_form(self, browser):
        table = "№\tмәні\tненің бөлігі\nt\t10\t\na\t11\tt\n"
        page = squeezed((await browser("POST", language="kk", files={"table": (None, table)})).text)
        assert "Бөлігі жиынтығынан үлкен: бөлігі — 11, ал жиынтығы 10 делінген." in page
        assert "№ мәні ненің бөлігі t 10 a 11 t" in page

    async def test_text_of_the_table_is_shown_as_text(self, browser):
        table = "id;title;value;counts\n1;<b>x</b>;5;<i>a</i> + b\n"
        page = (await browser("POST", files={"table": (None, table)})).text
        assert "<b>x</b>" not in page
        assert "&lt;i&gt;a&lt;/i&gt;, b" in page

    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            (b"", "Выберите файл или вставьте таблицу."),
            (b"a;b\n1;2\n", "В первой строке нет названий столбцов"),
            (b"value\n", "В таблице нет строк, кроме первой."),
            (b"PK\x03\x04", "Файл не читается."),
            (b"value\n" + b"1\n" * 2001, "не более 1 МБ и 2 000 строк"),
            (b"x" * (FILE_LIMIT + 1), "не более 1 МБ и 2 000 строк"),
        ],
    )
    async def test_a_file_that_cannot_be_checked_says_what_to_do(self, browser, content, problem):
        response = await browser("POST", files={"file": ("a.csv", content)})
        assert response.status_code == 422
        assert problem in squeezed(response.text)
        assert 'aria-invalid="true"' in response.text

    async def test_rows_without_relations_say_what_is_missing(self, browser):
        page = squeezed((await browser("POST", files={"table": (None, "value\n5\n")})).text)
        assert "Проверять нечего" in page

    async def test_the_example_opens_in_excel_and_is_a_table_to_check(self, browser):
        response = await browser("GET", f"{PATH}/example.csv")
        assert response.headers["content-disposition"] == 'attachment; filename="example.csv"'
        assert response.content.startswith(b"\xef\xbb\xbf" + "№;название;значение".encode())
        assert reconcile(response.content).contradictions == 2

    async def test_visitors_are_asked_to_sign_in_and_others_are_refused(self, browser):
        response = await browser("GET", role=None)
        assert (response.status_code, response.headers["location"]) == (303, "/sign-in?next=%2Fanalytics%2Freconcile")
        assert (await browser("GET", role="specialist")).status_code == 403
        assert (await browser("POST", role="specialist", files={"table": (None, "value\n5\n")})).status_code == 403

    async def test_the_dashboard_leads_to_it_those_who_may_check(self, browser):
        link = 'href="/analytics/reconcile"'
        assert link in (await browser("GET", "/analytics/dashboard", role="head")).text
        assert link not in (await browser("GET", "/analytics/dashboard", role="specialist")).text
        assert link not in (await browser("GET", "/analytics/dashboard", role=None)).text
