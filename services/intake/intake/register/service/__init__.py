"""The use cases of the register: filing, tracking, messages, outcome and withdrawal of appeals, and reads of their contents."""

from intake.register.policy import answer_channels, withdrawal_reasons

__all__ = ["answer_channels", "withdrawal_reasons"]
