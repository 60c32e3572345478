import pytest

from shared.files import errors, names, policy
from shared.files.inspection.rejection import RejectionReason


class TestPolicy:
    @pytest.mark.parametrize("media_type", ["image/svg+xml", "text/html", "application/zip", "application/x-msdownload"])
    def test_a_declared_type_that_is_not_accepted_is_refused_at_once(self, media_type):
        with pytest.raises(errors.TypeNotAllowed):
            names.declared_kind(media_type)

    def test_refusals_and_labels_match(self):
        codes = {one.code for one in errors.AttachmentRefused.__subclasses__()}
        assert codes == set(policy.policy().refusals)
        problem = errors.Bomb()
        assert problem.extra == {"kk": problem.label.kk, "ru": problem.label.ru, "en": problem.label.en}

    def test_every_reason_of_the_inspecting_process_is_a_refusal(self):
        reasons = {each.value for each in RejectionReason}
        assert reasons <= {one.code for one in errors.REFUSALS}
