"""The use cases of the register: filing, tracking, messages, outcome and withdrawal of appeals, and reads of their contents."""
