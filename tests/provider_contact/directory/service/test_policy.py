from provider_contact.directory.service import check_policies
from provider_contact.directory.service.policy import name_weights


class TestPolicy:
    def test_every_reviewed_file_can_be_read(self):
        check_policies()

    def test_every_weight_is_within_bounds(self):
        assert all(0 < weight <= 1 for weight in name_weights().values())
