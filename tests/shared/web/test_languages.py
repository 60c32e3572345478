import pytest
from starlette.requests import Request

from shared.web.languages import language_of


def asking(query: str = "", cookie: str = "", accept: str = "") -> Request:
    headers = [(b"cookie", cookie.encode()), (b"accept-language", accept.encode())]
    return Request({"type": "http", "query_string": query.encode(), "headers": headers, "path": "/", "method": "GET"})


class TestLanguageOf:
    def test_the_address_goes_before_the_cookie_and_the_cookie_before_the_browser(self):
        assert language_of(asking("lang=en", "aryz_lang=ru", "kk")) == "en"
        assert language_of(asking("", "aryz_lang=ru", "kk")) == "ru"
        assert language_of(asking("", "", "en-GB,en;q=0.9")) == "en"

    def test_an_unknown_choice_is_passed_over(self):
        assert language_of(asking("lang=de", "aryz_lang=xx", "ru")) == "ru"

    @pytest.mark.parametrize(
        ("accept", "language"),
        [("de, ru;q=0.5, en;q=0.7", "en"), ("ru;q=0, en;q=0", "kk"), ("ru;q=much", "kk"), ("*", "kk"), ("", "kk"), ("RU-kz", "ru")],
    )
    def test_the_browsers_weights_count_and_kazakh_is_the_last_word(self, accept, language):
        assert language_of(asking(accept=accept)) == language
