"""Articles over HTTP for those who keep them: versions, four eyes, comparison."""

import json
from datetime import timedelta

import pytest

from routing.knowledge.service import seeding

TEXT_KK = {"question": "Қалай төлеймін?", "answer": "Банк арқылы төлеңіз: {{self_payer_month.2026}}.", "synonyms": ["төлеу"]}
TEXT_RU = {"question": "Как платить?", "answer": "Через банк: {{self_payer_month.2026}}.", "synonyms": ["оплата"]}
CONTENT = {"valid_from": "2026-01-01", "source": "Заң № 405-V", "kk": TEXT_KK, "ru": TEXT_RU}
REVIEWER = "Заң департаменті"


class Keepers:
    """Sends the calls of keepers; each answer is checked."""

    def __init__(self, desk) -> None:
        self.desk = desk

    def who(self, name, role="supervisor"):
        return self.desk.token(role, subject=name)

    async def call(self, method, path, who, body=None, status=200, **headers):
        url = f"/routing/v1/knowledge{path}"
        answer = await self.desk.client.request(method, url, headers=who | headers, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def begin(self, name="aigul", **subject):
        return await self.call("POST", "", self.who(name), subject or {"topic": "PAY_METHODS"}, 201)

    async def save(self, article, name="aigul", status=200, **changed):
        body = CONTENT | {"expected_revision": article["revision"]} | changed
        return await self.call("PUT", f"/{article['article_id']}/draft", self.who(name), body, status)

    async def act_on(self, article, action, name="aigul", status=200, **fields):
        body = {"expected_revision": article["revision"]} | fields
        return await self.call("POST", f"/{article['article_id']}/actions/{action}", self.who(name), body, status)

    async def published(self, **subject):
        article = await self.act_on(await self.save(await self.begin(**subject)), "submit")
        return await self.act_on(article, "publish", "berik", reviewer=REVIEWER)

    async def offered(self, code):
        items = (await self.desk.get("/articles", limit=200, language="ru")).json()["items"]
        return next((item for item in items if item["id"] == code), None)

    async def facts(self):
        return [(fact, json.loads(value)) for fact, value in await self.desk.emitted() if fact.startswith("article-")]


@pytest.fixture
def keepers(desk):
    return Keepers(desk)


class TestWriting:
    async def test_a_draft_is_saved_as_far_as_it_is_written(self, keepers):
        article = await keepers.begin()
        saved = await keepers.save(article, valid_from=None, source="", ru={"question": "Как"})
        assert saved["versions"][0]["state"] == "DRAFT"
        assert saved["versions"][0]["content"]["ru"] == {"question": "Как", "answer": "", "synonyms": []}
        assert await keepers.offered("pay-methods") is None
        assert await keepers.facts() == []

    async def test_codes_follow_from_the_subject(self, keepers):
        codes = [(await keepers.begin())["code"] for _ in range(2)]
        assert [*codes, (await keepers.begin(category="UNRENDERED"))["code"]] == ["pay-methods", "pay-methods-2", "unrendered"]

    async def test_an_article_needs_a_subject(self, keepers):
        refused = await keepers.call("POST", "", keepers.who("aigul"), {"topic": None}, 422)
        assert refused["errors"][0]["field"] == "topic"
        assert (await keepers.call("POST", "", keepers.who("aigul"), {"topic": "NOPE"}, 422))["code"] == "invalid-input"

    async def test_a_colleagues_change_is_not_overwritten(self, keepers):
        article = await keepers.begin()
        saved = await keepers.save(article, "berik")
        refused = await keepers.save(article, "aigul", status=409, source="басқа")
        assert (refused["code"], refused["current_revision"]) == ("article-changed", saved["revision"])

    async def test_a_repeat_under_its_key_saves_once(self, keepers):
        article = await keepers.begin()
        body = CONTENT | {"expected_revision": article["revision"]}
        key = {"Idempotency-Key": "0191d1a0-0000-7000-8000-000000000001"}
        path = f"/{article['article_id']}/draft"
        first = await keepers.call("PUT", path, keepers.who("aigul"), body, **key)
        assert await keepers.call("PUT", path, keepers.who("aigul"), body, **key) == first


class TestReview:
    @pytest.mark.parametrize(
        ("changed", "field", "code"),
        [
            ({"source": ""}, "source", "required"),
            ({"valid_from": None}, "valid_from", "required"),
            ({"valid_to": "2025-12-31"}, "valid_to", "dates-reversed"),
            ({"kk": {}}, "kk.question", "required"),
            ({"ru": TEXT_RU | {"answer": "Это 4 250 тенге."}}, "ru.answer", "figure-written-out"),
            ({"ru": TEXT_RU | {"answer": "Это {{self_payer_month}}."}}, "ru.answer", "figure-outlives-its-year"),
            ({"kk": TEXT_KK | {"answer": "{{no_such}}"}}, "kk.answer", "figure-unknown"),
            ({"kk": TEXT_KK | {"answer": "{{monthly_indicator.2025}}"}}, "kk.answer", "figure-unconfirmed"),
        ],
    )
    async def test_what_a_version_lacks_is_said_before_its_review(self, keepers, changed, field, code):
        article = await keepers.save(await keepers.begin(), **changed)
        refused = await keepers.act_on(article, "submit", status=422)
        assert (field, code) in [(each["field"], each["code"]) for each in refused["errors"]]

    async def test_an_author_does_not_publish_and_a_colleague_does(self, keepers):
        article = await keepers.act_on(await keepers.save(await keepers.begin()), "submit")
        refused = await keepers.act_on(article, "publish", "aigul", status=403, reviewer=REVIEWER)
        assert refused["code"] == "second-person-needed"
        published = await keepers.act_on(article, "publish", "berik", reviewer=REVIEWER)
        version = published["versions"][0]
        assert (version["state"], version["published_by"], version["content"]["reviewer"]) == ("PUBLISHED", "berik", REVIEWER)
        assert "4\u00a0250\u00a0тенге" in (await keepers.offered("pay-methods"))["answer"]
        ((fact, event),) = await keepers.facts()
        assert (fact, event["code"], event["version"]) == ("article-published", "pay-methods", 1)

    async def test_whoever_changed_a_colleagues_draft_does_not_publish_it_either(self, keepers):
        article = await keepers.save(await keepers.save(await keepers.begin("aigul"), "aigul"), "berik")
        article = await keepers.act_on(article, "submit", "aigul")
        for author in ("aigul", "berik"):
            await keepers.act_on(article, "publish", author, status=403, reviewer=REVIEWER)
        await keepers.act_on(article, "publish", "dana", reviewer=REVIEWER)

    async def test_publishing_names_who_compared_it_with_the_source(self, keepers):
        article = await keepers.act_on(await keepers.save(await keepers.begin()), "submit")
        refused = await keepers.act_on(article, "publish", "berik", status=422)
        assert [each["field"] for each in refused["errors"]] == ["reviewer"]

    async def test_a_reviewer_returns_it_with_a_note_and_a_change_withdraws_it_from_review(self, keepers):
        article = await keepers.act_on(await keepers.save(await keepers.begin()), "submit")
        returned = await keepers.act_on(article, "return", "berik", note="Дереккөзді нақтылаңыз.")
        assert (returned["versions"][0]["state"], returned["versions"][0]["note"]) == ("DRAFT", "Дереккөзді нақтылаңыз.")
        again = await keepers.act_on(returned, "submit")
        assert again["versions"][0]["note"] is None
        assert (await keepers.save(again))["versions"][0]["state"] == "DRAFT"

    async def test_an_unconfirmed_article_of_the_file_is_confirmed_by_publishing_it(self, keepers, articles, desk):  # noqa: ARG002
        path = f"/{seeding.id_of('rehab')}"
        article = await keepers.call("GET", path, keepers.who("aigul"))
        assert (article["attention"], article["versions"][0]["authors"]) == ("unconfirmed", [])
        published = await keepers.act_on(article, "publish", reviewer=REVIEWER)
        assert (published["attention"], published["versions"][0]["content"]["confirm"]) == (None, "")
        assert (await keepers.offered("rehab"))["reviewed"]

    async def test_an_action_in_another_state_is_refused(self, keepers):
        article = await keepers.begin()
        for action in ("publish", "return", "retire"):
            refused = await keepers.act_on(article, action, "berik", status=409, reviewer=REVIEWER)
            assert refused["code"] == "article-action-not-possible"


class TestVersions:
    async def test_the_published_version_stays_in_force_until_the_next_one_is_published(self, keepers):
        article = await keepers.published()
        changed = await keepers.save(article, "aigul", ru=TEXT_RU | {"question": "Как заплатить?"})
        assert [version["state"] for version in changed["versions"]] == ["DRAFT", "PUBLISHED"]
        assert (await keepers.offered("pay-methods"))["question"] == "Как платить?"
        await keepers.act_on(await keepers.act_on(changed, "submit"), "publish", "berik", reviewer=REVIEWER)
        assert (await keepers.offered("pay-methods"))["question"] == "Как заплатить?"
        facts = await keepers.facts()
        assert [(fact, value["version"]) for fact, value in facts] == [("article-published", 1), ("article-published", 2)]
        assert len({value["article_id"] for _, value in facts}) == 1

    async def test_two_versions_are_compared_part_by_part(self, keepers):
        article = await keepers.published()
        changed = await keepers.save(
            article, "aigul", valid_to="2026-12-31", ru=TEXT_RU | {"question": "Как заплатить?"}, reviewer=REVIEWER
        )
        path = f"/{article['article_id']}/comparison?earlier=1&later=2"
        compared = await keepers.call("GET", path, keepers.who("berik"))
        assert {each["part"]: (each["earlier"], each["later"]) for each in compared["changes"]} == {
            "ru.question": ("Как платить?", "Как заплатить?"),
            "valid_to": ("", "2026-12-31"),
        }
        assert changed["versions"][0]["number"] == 2
        await keepers.call("GET", path.replace("later=2", "later=7"), keepers.who("berik"), status=404)

    async def test_a_retired_article_is_offered_to_nobody_and_can_be_published_again(self, keepers):
        article = await keepers.act_on(await keepers.published(), "retire", "berik")
        assert await keepers.offered("pay-methods") is None
        assert (await keepers.facts())[-1][0] == "article-retired"
        article = await keepers.act_on(await keepers.save(article), "submit")
        await keepers.act_on(article, "publish", "berik", reviewer=REVIEWER)
        assert (await keepers.facts())[-1][1]["version"] == 2

    async def test_a_version_that_begins_later_does_not_replace_one_that_is_valid(self, keepers):
        article = await keepers.save(await keepers.published(), valid_from="2026-03-01")
        article = await keepers.act_on(article, "submit")
        refused = await keepers.act_on(article, "publish", "berik", status=409, reviewer=REVIEWER)
        assert refused["code"] == "earlier-version-still-valid"
        assert await keepers.offered("pay-methods") is not None

    async def test_a_discarded_draft_leaves_the_published_version(self, keepers):
        article = await keepers.act_on(await keepers.save(await keepers.published()), "discard")
        assert [version["state"] for version in article["versions"]] == ["PUBLISHED"]
        lonely = await keepers.act_on(await keepers.begin(topic="DENTAL"), "discard")
        assert lonely["versions"] == []
        await keepers.call("GET", f"/{lonely['article_id']}", keepers.who("aigul"), status=404)


class TestList:
    async def test_those_that_need_their_keeper_come_first(self, keepers, articles, desk):  # noqa: ARG002
        desk.clock.advance(timedelta(days=365))
        items = (await desk.get("/knowledge", keepers.who("aigul"), limit=200)).json()["items"]
        assert [item["attention"] for item in items[:11]] == ["expired"] * 3 + ["unconfirmed"] * 8
        assert {item["attention"] for item in items[11:]} == {None}
        assert items[0]["valid_to"] == "2026-12-31"
        assert await keepers.offered(items[0]["code"]) is None

    async def test_clerks_and_strangers_have_no_list(self, keepers, desk):
        assert (await desk.get("/knowledge")).status_code == 401
        assert (await desk.get("/knowledge", keepers.who("x", "specialist"))).status_code == 403
