import pytest

from analytics.reconciliations.policy import example
from analytics.reconciliations.service import FILE_LIMIT, XLSX
from tests.workbooks import workbook

PATH = "/analytics/v1/reconciliations"


@pytest.fixture
def post(world):
    """`response = await post(content, role)`: a statistic sent to the API."""

    async def send(content, role="analyst", region=None, media_type="text/csv; charset=utf-8"):
        headers = {"content-type": media_type} | ({"authorization": f"Bearer {world.token(role, region)}"} if role else {})
        return await world.client.post(PATH, content=content, headers=headers)

    return send


class TestReconciliations:
    async def test_the_contradictions_of_a_statistic_are_returned_by_line(self, post):
        response = await post(example("kyzylorda-2025").encode())
        assert response.status_code == 200
        body = response.json()
        assert (body["rows"], body["contradictions"]) == (19, 2)
        wrong = [check for check in body["checks"] if check["verdict"] == "CONTRADICTION"]
        assert [(check["line"], check["stated"], check["computed"].replace("\u00a0", " ")) for check in wrong] == [
            (6, "−11,9 %", "−13,1 %"),
            (9, "56,3 %", "56,4 %"),
        ]
        assert all(check["explanation_kk"] and check["explanation_ru"] and check["explanation_en"] for check in body["checks"])

    async def test_a_workbook_is_accepted_too(self, post):
        content = workbook([["id", "value", "part_of"], ["t", 10.0, ""], ["a", 11.0, "t"]])
        response = await post(content, media_type=XLSX)
        assert response.json()["contradictions"] == 1

    @pytest.mark.parametrize(("role", "region"), [("supervisor", "KZ-43"), ("head", "KZ-43"), ("analyst", None)])
    async def test_analysts_supervisors_and_heads_may_check(self, post, role, region):
        assert (await post(b"value\n5\n", role, region)).status_code == 200

    @pytest.mark.parametrize(("role", "status"), [(None, 401), ("specialist", 403), ("admin", 403), ("provider", 403)])
    async def test_nobody_else_may(self, post, role, status):
        assert (await post(b"value\n5\n", role)).status_code == status

    @pytest.mark.parametrize(
        ("content", "media_type", "status", "code"),
        [
            (b"a;b\n1;2\n", "text/csv", 422, "invalid-input"),
            (b"", "text/csv", 422, "invalid-input"),
            ("value;название\n5;Жалобы\n".encode("cp1251"), "text/csv", 400, "malformed-text"),
            (b"PK\x03\x04 no workbook", XLSX, 400, "malformed-text"),
            (b"value\n" + b"1\n" * 2001, "text/csv", 413, "payload-too-large"),
            (b"x" * (FILE_LIMIT + 1), "text/csv", 413, "payload-too-large"),
            (b"{}", "application/json", 415, "unsupported-media-type"),
        ],
    )
    async def test_a_file_that_cannot_be_read_as_a_whole_is_refused_by_code(self, post, content, media_type, status, code):
        response = await post(content, media_type=media_type)
        assert (response.status_code, response.json()["code"]) == (status, code)

    async def test_nothing_is_stored(self, world, post):
        await post(example("zhambyl-2026").encode())
        assert await world.facts() == []
