import pytest

from provider_contact.inquiries.codes import InquiryAction, InquiryStatus
from provider_contact.inquiries.policy import clock_of, content_purposes, questions_about, step_rules
from provider_contact.inquiries.service import check_policies, workflow
from shared.domain.tables import ReferenceDataError, parse_rows
from shared.domain.taxonomy import taxonomy

HEADER = "# source: a test\naction,kk,ru,en,statuses,roles,guard,next,ended\n"
WHOLE = [
    "send,a,b,c,DRAFT,system,,SENT,false",
    "deliver,a,b,c,SENT,system,,DELIVERED,false",
    "acknowledge,a,b,c,DELIVERED RETURNED,provider,,ACKNOWLEDGED,false",
    "respond,a,b,c,ACKNOWLEDGED,provider,,RESPONDED,false",
    "accept,a,b,c,RESPONDED,head,,ACCEPTED,false",
    "return,a,b,c,RESPONDED ACCEPTED,head,,RETURNED,false",
    "cancel,a,b,c,RESPONDED,head,,CANCELLED,false",
]
LEFT = (
    *("propose", "promise", "ask-time", "ask-consent", "remind", "record-call", "grant-time", "refuse-time"),
    *("request-consent", "decline-consent", "escalate-to", "share-documents", "verify", "excuse"),
)
OTHERS = [f"{action},a,b,c,RESPONDED,head,,,false" for action in LEFT]
STUCK = [row.replace("RESPONDED ACCEPTED,head,,RETURNED", "RESPONDED,head,,RETURNED") for row in WHOLE]


def table(*rows):
    return parse_rows("inquiry_actions.csv", HEADER + "\n".join(rows))


class TestPolicy:
    def test_every_reviewed_file_can_be_read(self):
        check_policies()

    @pytest.mark.parametrize("status", ["SENT", "DELIVERED", "ACKNOWLEDGED", "RETURNED"])
    def test_a_provider_can_always_come_to_an_answer(self, status):
        assert workflow.steps()[InquiryStatus(status), InquiryAction.RESPOND].next is InquiryStatus.RESPONDED

    def test_every_purpose_is_within_bounds(self):
        assert set(content_purposes()) == {"desk", "desk-exchange", "proposal"}

    def test_a_sub_category_asks_what_its_parent_asks_unless_it_has_questions_of_its_own(self):
        assert questions_about("REFUSAL_APPOINTMENT") == questions_about("REFUSAL") != questions_about("REFUSAL_STATUS")
        assert all(code in taxonomy().provider_questions for code in questions_about("PAID_CASHBOX"))

    @pytest.mark.parametrize(
        ("category", "tier", "clock"),
        [("WAITING", 2, "PROVIDER_REPLY"), ("WAITING", 1, "SPP_5CD"), ("ACCESS_CALLCENTRE", 2, "SPP_5CD"), ("ACCESS", 2, "PROVIDER_REPLY")],
    )
    def test_the_first_rule_that_matches_names_the_clock(self, category, tier, clock):
        assert clock_of(category, tier).code == clock

    def test_the_steps_are_in_the_order_of_time(self):
        assert [rule.step for rule in step_rules()] == ["REMINDER", "OVERDUE", "ESCALATION"]


class TestWorkflow:
    def test_a_whole_one_is_accepted(self):
        assert workflow.build(table(*WHOLE, *OTHERS))

    @pytest.mark.parametrize(
        ("rows", "problem"),
        [
            ([*WHOLE[:-1], *OTHERS], "never reached: CANCELLED"),
            ([*STUCK, *OTHERS], "no way out of: ACCEPTED"),
            ([*WHOLE, *OTHERS, "remind,a,b,c,CANCELLED,head,,,false"], "CANCELLED is final"),
            ([*WHOLE, *OTHERS, "remind,a,b,c,CANCELLED,head,,SENT,true"], "CANCELLED is final"),
            ([*WHOLE, *OTHERS[:-1]], "differs from the commands: excuse"),
            ([*WHOLE, *OTHERS, WHOLE[-1]], "cancel is given twice for RESPONDED"),
            ([*WHOLE, "remind,a,b,c,SENT,head,at-noon,,false"], "guard 'at-noon' is not known"),
            ([*WHOLE, "remind,a,b,c,LOST,head,,,false"], "status 'LOST' is not known"),
            ([*WHOLE, "remind,a,b,c,SENT,king,,,false"], "roles king are not known"),
        ],
    )  # fmt: skip
    def test_a_faulty_one_stops_the_start(self, rows, problem):
        with pytest.raises(ReferenceDataError, match=problem):
            workflow.build(table(*rows))
