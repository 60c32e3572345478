import pytest

from intake.register.errors import ChannelNotAllowed
from intake.register.service.admission import Admission, admit_anonymous, admit_principal
from shared.auth import Principal
from shared.errors import InvalidInput


def principal(*roles, name=None):
    return Principal("s", "i", frozenset(roles), name=name)


class TestWeb:
    def test_nothing_is_known_of_the_sender(self):
        assert admit_anonymous(None) == admit_anonymous("WEB")
        assert admit_anonymous(None).sender is None

    def test_another_channel_is_refused(self):
        with pytest.raises(ChannelNotAllowed):
            admit_anonymous("TELEGRAM")


class TestApi:
    def test_defaults_follow_the_role(self):
        roles = ("applicant", "operator", "partner")
        assert [admit_principal(principal(role), None).channel for role in roles] == ["WEB", "CALL_1414", "WEB"]

    def test_only_an_operator_is_a_person_who_receives(self):
        assert admit_principal(principal("operator", name="Синтетика"), None).received_by == "Синтетика"
        assert admit_principal(principal("channel", name="Bot"), None).received_by is None
        assert admit_principal(principal("operator"), None).position is None

    def test_an_appeal_is_the_applicants_own_only_when_the_applicant_files_it(self):
        assert admit_principal(principal("applicant"), "APP").may_follow
        assert not admit_principal(principal("operator", "applicant"), "APP").may_follow

    def test_an_unknown_channel_names_its_field(self):
        with pytest.raises(InvalidInput) as refused:
            admit_principal(principal("channel"), "NONSENSE")
        assert refused.value.errors[0].field == "channel"

    @pytest.mark.parametrize("roles", [("applicant",), ("analyst",), ("specialist", "head"), ()])
    def test_every_other_role_files_for_itself_by_web_or_app(self, roles):
        for chosen, channel in ((None, "WEB"), ("WEB", "WEB"), ("APP", "APP")):
            assert admit_principal(principal(*roles), chosen) == Admission(channel, "i\ns", may_follow=True)
        with pytest.raises(ChannelNotAllowed):
            admit_principal(principal(*roles), "CALL_1414")
