import pytest

from intake.channels import Admission, api, web
from intake.errors import ChannelNotAllowed
from shared.auth import Principal
from shared.errors import InvalidInput


def principal(*roles, name=None):
    return Principal("s", "i", frozenset(roles), name=name)


class TestWeb:
    def test_nothing_is_known_of_the_sender(self):
        assert web.admit(None) == web.admit("WEB")
        assert web.admit(None).sender is None

    def test_another_channel_is_refused(self):
        with pytest.raises(ChannelNotAllowed):
            web.admit("TELEGRAM")


class TestApi:
    def test_defaults_follow_the_role(self):
        assert [api.admit(principal(role), None).channel for role in ("applicant", "operator", "partner")] == ["WEB", "CALL_1414", "WEB"]

    def test_only_an_operator_is_a_person_who_receives(self):
        assert api.admit(principal("operator", name="Синтетика"), None).received_by == "Синтетика"
        assert api.admit(principal("channel", name="Bot"), None).received_by is None
        assert api.admit(principal("operator"), None).position is None

    def test_an_appeal_is_the_applicants_own_only_when_the_applicant_files_it(self):
        assert api.admit(principal("applicant"), "APP").may_follow
        assert not api.admit(principal("operator", "applicant"), "APP").may_follow

    def test_an_unknown_channel_names_its_field(self):
        with pytest.raises(InvalidInput) as refused:
            api.admit(principal("channel"), "NONSENSE")
        assert refused.value.errors[0].field == "channel"

    @pytest.mark.parametrize("roles", [("applicant",), ("analyst",), ("specialist", "head"), ()])
    def test_every_other_role_files_for_itself_by_web_or_app(self, roles):
        for chosen, channel in ((None, "WEB"), ("WEB", "WEB"), ("APP", "APP")):
            assert api.admit(principal(*roles), chosen) == Admission(channel, "i\ns", may_follow=True)
        with pytest.raises(ChannelNotAllowed):
            api.admit(principal(*roles), "CALL_1414")
