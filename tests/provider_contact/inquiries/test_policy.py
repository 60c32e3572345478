from provider_contact.inquiries.codes import DeliveryMethod, InquiryAction, InquiryStatus
from provider_contact.inquiries.policy import action_rules, content_purposes, inquiry_rule
from provider_contact.inquiries.service import check_policies


class TestPolicy:
    def test_every_reviewed_file_can_be_read(self):
        check_policies()

    def test_a_provider_can_always_come_to_an_answer(self):
        rules = action_rules()
        for status in (InquiryStatus.SENT, InquiryStatus.DELIVERED, InquiryStatus.ACKNOWLEDGED):
            assert rules[status, InquiryAction.RESPOND].next is InquiryStatus.RESPONDED

    def test_every_purpose_is_within_bounds(self):
        assert set(content_purposes()) == {"desk", "desk-exchange"}

    def test_the_delivery_method_of_the_rule_is_a_known_one(self):
        assert inquiry_rule().channel is DeliveryMethod.PORTAL
