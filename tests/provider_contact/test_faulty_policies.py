"""A policy file with a fault stops the start, and the error names the file and the fault."""

import pytest

from provider_contact.deliveries import policy as deliveries
from provider_contact.inquiries import policy as inquiries
from provider_contact.portal import policy as portal
from provider_contact.proposals import policy as proposals
from provider_contact.ratings import policy as ratings
from shared import policy_files
from shared.domain.tables import ReferenceDataError

read_text = policy_files.policy_text
FAULTS = [
    (inquiries.inquiry_rule, "inquiry_rule.toml", 'return_clock = "PROVIDER_REPLY"', 'return_clock = "NEVER"', "the clock is not known"),
    (inquiries.statuses, "inquiry_statuses.csv", "CANCELLED,", "LOST,", "differs from the code: CANCELLED, LOST"),
    (inquiries.clocks, "inquiry_clocks.csv", "CLERK_DAY,", "ANY_DAY,", "missing: CLERK_DAY"),
    (inquiries.clock_rules, "inquiry_clock_rules.csv", ",,1,SPP_5CD,", ",,1,CLERK_DAY,", "CLERK_DAY has no policy"),
    (inquiries.clock_rules, "inquiry_clock_rules.csv", "\n,,,PROVIDER_REPLY,PROPOSAL", "", "does not match every inquiry"),
    (inquiries.step_rules, "inquiry_steps.csv", "HEALTH_DEPARTMENT,", ",", "an escalation names its body"),
    (inquiries.step_rules, "inquiry_steps.csv", "REMINDER,1,before", "REMINDER,9,after", "not in the order of time"),
    (inquiries.category_questions, "category_questions.csv", "ETHICS,MEASURES", "ETHICS,WHY", "not known: WHY"),
    (inquiries.category_questions, "category_questions.csv", "ETHICS,MEASURES PATIENT_CONTACTED\n", "", "missing: ETHICS"),
    (deliveries.delivery_policy, "delivery_policy.toml", "claim_seconds = 120", "claim_seconds = 5", "has to outlast"),
    (deliveries.routes, "delivery_routes.csv", "INQUIRY,PROVIDER,1,", "INQUIRY,PROVIDER,2,", "numbered from 1"),
    (deliveries.routes, "delivery_routes.csv", "INQUIRY,PROVIDER,1,WEBHOOK,,", "INQUIRY,PROVIDER,1,WEBHOOK,RECEPTION,", "has roles"),
    (deliveries.delivery_texts, "delivery_texts.toml", "[errors.deferred]", "[errors.never]", "not those of the notices"),
    (inquiries.history_sentences, "inquiry_history.csv", "\naccept,", "\npraise,", "differs from the code: accept, praise"),
    (portal.answer_templates, "answer_templates.toml", "{{number}}", "{{numbers}}", "unknown values: numbers"),
    (proposals.proposal_policy, "proposal_policy.toml", 'answer_policy = "', 'answer_policy = "NO_', "the deadline is not known"),
    (ratings.ranking_policy, "rating_policy.toml", "minimum = 20", "minimum = 30", "the bands begin with the minimum"),
]  # fmt: skip

IDS = [f"{file}: {problem}" for _, file, *_, problem in FAULTS]


@pytest.mark.parametrize(("load", "file", "right", "wrong", "problem"), FAULTS, ids=IDS)
def test_a_fault_stops_the_start(monkeypatch, load, file, right, wrong, problem):
    def altered(package: str, name: str) -> str:
        text = read_text(package, name)
        if name != file:
            return text
        assert right in text
        return text.replace(right, wrong)

    monkeypatch.setattr(policy_files, "policy_text", altered)
    with pytest.raises((ReferenceDataError, ValueError), match=problem):
        load.__wrapped__()
