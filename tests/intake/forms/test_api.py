class TestTheList:
    async def test_it_speaks_open311_and_every_language(self, desk):
        answer = await desk.client.get("/intake/v1/services", params={"language": "ru"})
        document = answer.json()
        assert answer.status_code == 200
        assert document["total"] == len(document["items"]) == 8
        complaint = next(one for one in document["items"] if one["service_code"] == "COMPLAINT")
        assert (complaint["service_name"], complaint["metadata"], complaint["type"]) == ("Жалоба", True, "realtime")
        assert complaint["labels"]["service_name"] == {"kk": "Шағым", "ru": "Жалоба", "en": "Complaint"}
        assert complaint["kind"] == "COMPLAINT"

    async def test_another_channel_offers_less(self, desk):
        assert (await desk.client.get("/intake/v1/services", params={"channel": "bot"})).json()["total"] == 4

    async def test_what_is_known_already_is_not_sent_again(self, desk):
        tag = (await desk.client.get("/intake/v1/services")).headers["etag"]
        for known in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
            again = await desk.client.get("/intake/v1/services", headers={"If-None-Match": known})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert (await desk.client.get("/intake/v1/services?language=ru", headers={"If-None-Match": tag})).status_code == 200

    async def test_it_comes_by_pages_like_every_list(self, desk):
        found, cursor = [], ""
        while cursor is not None:
            page = (await desk.client.get(f"/intake/v1/services?limit=3{f'&cursor={cursor}' if cursor else ''}")).json()
            found, cursor = [*found, *(one["service_code"] for one in page["items"])], page["next_cursor"]
            assert page["total"] == 8
        assert found == [one["service_code"] for one in (await desk.client.get("/intake/v1/services")).json()["items"]]

    async def test_unknown_questions_are_refused(self, desk):
        for query in ("channel=fax", "language=de", "colour=blue", "limit=0", "limit=201", "cursor=x"):
            assert (await desk.client.get(f"/intake/v1/services?{query}")).status_code == 422


class TestAForm:
    async def test_its_fields_come_in_order_with_their_options(self, desk):
        document = (await desk.client.get("/intake/v1/services/ZHALOBA")).json()
        assert [one["order"] for one in document["attributes"]] == list(range(1, len(document["attributes"]) + 1))
        asked = {one["code"]: one for one in document["attributes"]}
        assert asked["contested_act"]["by_law"] == "93(2)"
        assert asked["region"]["required"] is True
        assert {"key": "KZ-43", "name": "Қызылорда облысы"}.items() <= next(
            one for one in asked["region"]["values"] if one["key"] == "KZ-43"
        ).items()
        assert next(one for one in asked["category"]["values"] if one["key"] == "REFUSAL_APPOINTMENT")["parent"] == "REFUSAL"
        assert {one["section"] for one in document["attributes"]} == {one["code"] for one in document["sections"]}

    async def test_a_form_that_is_not_offered_is_not_found(self, desk):
        assert (await desk.client.get("/intake/v1/services/NONSENSE")).status_code == 404
        assert (await desk.client.get("/intake/v1/services/ZHALOBA?channel=bot")).status_code == 404
