from base64 import b64encode

import pytest

from intake.settings import Settings
from shared.settings import BadSettings


class TestSmsSecret:
    @pytest.mark.parametrize("size", [24, 64])
    def test_it_is_one_of_standard_webhooks(self, size):
        secret = f"whsec_{b64encode(bytes(size)).decode()}"
        given = Settings(sms_secret=secret).sms_secret
        assert given is not None
        assert given.get_secret_value() == secret

    @pytest.mark.parametrize(
        "secret", ["", "whsec_", "whsec_not-base64!", b64encode(bytes(24)).decode(), f"whsec_{b64encode(bytes(23)).decode()}", "whsec_жоқ"]
    )
    def test_any_other_is_refused_at_the_start_by_name_and_without_its_value(self, secret):
        with pytest.raises(BadSettings, match=r"SMS_SECRET: This is not whsec_ and base64 of 24 to 64 bytes\.$") as refused:
            Settings(sms_secret=secret)
        assert secret in {"", "whsec_"} or secret not in str(refused.value)


class TestPublicUrl:
    def test_with_a_provider_it_is_needed_so_that_no_letter_prints_what_a_request_names(self):
        with pytest.raises(BadSettings, match="ARYZ_INTAKE_PUBLIC_URL: is needed beside ARYZ_OIDC_ISSUER"):
            Settings(oidc_issuer="https://id.example")
        assert Settings(oidc_issuer="https://id.example", public_url="https://aryz.example").public_url == "https://aryz.example"

    def test_on_one_machine_it_may_be_absent_and_a_path_is_refused(self):
        assert Settings().public_url is None
        with pytest.raises(BadSettings, match="PUBLIC_URL"):
            Settings(public_url="https://aryz.example/pages")
