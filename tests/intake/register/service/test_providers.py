"""The organisations that are suggested for what was typed."""

from intake.register.service import providers
from tests.intake.channels.web.test_filing import recorded


class TestNearest:
    def test_another_number_is_another_organisation(self):
        known = [recorded("Поликлиника №15", "№15 емхана"), recorded("Поликлиника №5", "№5 емхана")]
        assert [one.name_ru for one, _ in providers.nearest("поликлиника 5", known)] == ["Поликлиника №5"]

    def test_nothing_readable_suggests_nothing(self):
        assert providers.nearest("…", [recorded("Поликлиника №5", "№5 емхана")]) == []
