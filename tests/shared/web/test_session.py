import pytest
from starlette.responses import Response

from shared.web.session import clear_session, safe_next, set_session


class TestSetSession:
    def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(self):
        response = Response()
        set_session(response, "token", 3600, secure=True)
        cookie = response.headers["set-cookie"]
        assert cookie.startswith("aryz_session=token;")
        assert {"HttpOnly", "Max-Age=3600", "Path=/", "SameSite=lax", "Secure"} <= set(cookie.split("; "))

    def test_signing_out_empties_it(self):
        response = Response()
        clear_session(response, secure=True)
        assert "Max-Age=0" in response.headers["set-cookie"]


class TestSafeNext:
    @pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "desk", "", None, "/\t/evil.example"])
    def test_only_a_path_of_this_origin_is_followed(self, target):
        assert safe_next(target) == "/"

    def test_a_path_is_kept_with_its_query(self):
        assert safe_next("/routing/desk?scope=mine") == "/routing/desk?scope=mine"
