import pytest

from intake.forms.policy import forms_document
from intake.forms.service import definitions as forms
from intake.register.codes import CONSENTS
from intake.register.policy import answer_channels
from intake.register.schemas import AppealIn
from shared.domain.tables import ReferenceDataError
from shared.domain.taxonomy import taxonomy

EVERYWHERE = [(channel, one) for channel in forms.channels() for one in forms.services(channel)]


def names(form):
    return [one.name for one in form.fields]


class TestTheDefinition:
    def test_every_channel_offers_what_its_citizens_ask_for(self):
        assert [one.code for one in forms.services("bot")] == ["CONSULTATION", "COMPLAINT", "SUGGESTION", "GRATITUDE"]
        for channel in ("web", "app", "operator"):
            offered = {one.code for one in forms.services(channel)}
            assert offered == {"CONSULTATION", "COMPLAINT", "REQUEST", "REPORT", "SUGGESTION", "FEEDBACK", "GRATITUDE", "ZHALOBA"}

    @pytest.mark.parametrize(("channel", "form"), EVERYWHERE)
    def test_a_region_and_the_words_are_all_that_is_ever_required(self, channel, form):
        assert {one.name for one in form.fields if one.required} == {"region", "text"}
        assert {one.name.partition(".")[2] for one in form.fields if one.section == "consents"} == CONSENTS
        assert len(set(names(form))) == len(form.fields)
        assert forms.form(form.code, channel) is form

    @pytest.mark.parametrize("form", [one for _, one in EVERYWHERE])
    def test_lengths_are_those_of_the_call(self, form):
        schema = AppealIn.model_json_schema()
        for one in form.fields:
            if one.limit is None or "." in one.name:
                continue
            known = schema["properties"][one.name]
            assert one.limit in {each.get("maxLength") for each in [known, *known.get("anyOf", [])]}

    def test_a_bot_asks_for_no_iin_and_no_documents(self):
        for form in forms.services("bot"):
            assert not {"applicant.iin", "patient.iin", "attachments", "patient.full_name"} & set(names(form))

    def test_a_bot_asks_for_an_address_only_where_an_appeal_without_one_counts_as_anonymous(self):
        asking = [one.code for one in forms.services("bot") if "applicant.address" in names(one)]
        assert asking == ["COMPLAINT"]
        assert forms.form("COMPLAINT", "bot").field("applicant.address").by_law == "63(2)"
        assert not any(one.field("applicant.address").required for one in forms.services("web"))

    def test_only_an_administrative_complaint_names_the_act_and_declares_its_form(self):
        declaring = {one.code: one.statutory_form for one in forms.services("web") if one.statutory_form}
        assert declaring == {"ZHALOBA": "ZHALOBA"}
        assert forms.form("ZHALOBA").kind == "COMPLAINT"
        assert forms.form("ZHALOBA").field("contested_act").by_law == "93(2)"
        assert [one.code for one in forms.services("web") if one.field("contested_act")] == ["ZHALOBA"]

    def test_each_kind_is_asked_for_its_own_subject(self):
        for form in forms.services("web"):
            assert {"category", "topic"} & set(names(form)) == {taxonomy().subject_field(form.kind)}

    def test_the_law_asks_for_a_name_and_an_address_and_for_no_more_than_the_form_shows(self):
        for form in forms.services("web"):
            assert {one.name for one in form.fields if one.by_law} >= {"applicant.full_name", "applicant.address", "text"}

    def test_an_answer_is_offered_on_the_ways_that_the_register_knows(self):
        for channel in ("web", "app", "operator"):
            offered = {one.key for one in forms.form("COMPLAINT", channel).field("answer_by").options}
            assert offered <= set(answer_channels())

    def test_the_headings_of_an_operator_name_the_applicant(self):
        assert forms.sections()["applicant"].ru == "О вас"
        assert forms.sections("operator")["applicant"].ru == "Заявитель"
        assert list(forms.sections("operator")) == list(forms.sections())

    def test_what_a_channel_does_not_offer_is_not_there(self):
        with pytest.raises(KeyError):
            forms.form("ZHALOBA", "bot")
        with pytest.raises(KeyError):
            forms.services("fax")


class TestAFileThatIsWrong:
    @pytest.mark.parametrize(
        "change",
        [
            {"kind": "NONSENSE"},
            {"form": "NONSENSE"},
            {"fields": ["category"]},
            {"fields": ["topic", "nonsense"]},
        ],
    )
    def test_it_is_refused(self, change):
        entry = {"code": "X", "kind": "CONSULTATION", "group": "x", "keywords": [], "description": {"kk": "", "ru": "", "en": ""}}
        fields = {one["name"]: one for one in forms_document()["fields"]}
        with pytest.raises(ReferenceDataError):
            forms._service(entry | {"fields": ["topic"]} | change, fields, "web")

    @pytest.mark.parametrize("change", [{"datatype": "html"}, {"section": "nowhere"}, {"pattern": "anything"}])
    def test_a_field_of_no_known_sort_is_refused(self, change):
        entry = {"name": "region", "section": "matter", "datatype": "string"}
        with pytest.raises(ReferenceDataError):
            forms._field(entry | change, None, "web")
