"""The contact centre 1414: call events of the exchange, the status of an appeal by keypad, call-backs and the operator's pages."""
