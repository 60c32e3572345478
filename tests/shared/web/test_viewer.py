import pytest

from shared.auth import ROLES, Principal
from shared.web.pages import Viewer
from shared.web.viewer import role_labels, viewer_of


class TestViewerOf:
    def test_nobody_is_nobody(self):
        assert viewer_of(Principal.anonymous(), "kk") is None

    @pytest.mark.parametrize(
        ("language", "description"),
        [("kk", "Маман · Қызылорда облысы"), ("ru", "Специалист · Кызылординская область"), ("en", "Specialist · Kyzylorda Region")],
    )
    def test_a_person_is_named_with_role_and_region(self, language, description):
        principal = Principal("x", "aryz-local", frozenset({"specialist"}), region="KZ-43", name="Сынақ Маман")
        assert viewer_of(principal, language) == Viewer("Сынақ Маман", description, principal.roles)

    def test_a_token_without_a_name_is_called_by_its_role(self):
        assert viewer_of(Principal("x", "aryz-local", frozenset({"expert"})), "ru") == Viewer("Эксперт", roles=frozenset({"expert"}))
        assert viewer_of(Principal("x", "elsewhere", frozenset(), region="KZ-99"), "ru") == Viewer("x")

    def test_every_role_has_a_name(self):
        assert set(role_labels()) == ROLES
