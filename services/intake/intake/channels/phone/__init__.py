"""The contact centre 1414: calls as the exchange tells them, an appeal's status by keypad, and what the operator's page stands on."""
