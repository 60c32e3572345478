"""A subscription has a public address: checked when it is made and again at each delivery."""

PUBLIC = "93.184.215.14"


class TestSubscribing:
    async def test_a_private_address_is_refused_by_name_and_by_resolved_address(self, partner, stands_for):
        stands_for(["10.0.0.5"])
        for url in ("https://169.254.169.254/x", "https://callcentre.kz/hook", "http://callcentre.kz/hook"):
            refused = await partner.post("/subscriptions", url=url)
            assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "refused-address")
            assert url not in refused.text
        stands_for([PUBLIC])
        assert (await partner.post("/subscriptions", url="https://callcentre.kz/hook")).status_code == 201

    async def test_a_forbidden_address_and_a_name_without_one_have_different_codes(self, partner, stands_for):
        stands_for([])
        missing = await partner.post("/subscriptions", url="https://callcentre.kz/hook")
        stands_for(["10.0.0.5"])
        forbidden = await partner.post("/subscriptions", url="https://callcentre.kz/hook")
        assert [answer.json()["errors"][0]["code"] for answer in (missing, forbidden)] == ["unresolved-address", "refused-address"]
        assert "10.0.0.5" not in forbidden.text

    async def test_one_that_moved_inside_later_is_not_called(self, partner, stands_for):
        stands_for([PUBLIC])
        subscription = await partner.subscribe("https://callcentre.kz/hook")
        stands_for(["127.0.0.1"])
        await partner.live(await partner.file(), "routed")
        assert await partner.deliver() == 1
        [shown] = (await partner.get(f"/subscriptions/{subscription['subscription_id']}/deliveries")).json()["items"]
        assert (shown["last_status"], shown["last_error"]) == (None, "refused-address")
