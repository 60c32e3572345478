"""Domain errors of the phone channel."""

from shared.errors import DomainError


class CallBackTaken(DomainError):
    code, status, title = "call-back-taken", 409, "A colleague is calling back already."


class CallerNotVerified(DomainError):
    code, status, title = "caller-not-verified", 403, "Verify the caller first."


class InsuranceNotConnected(DomainError):
    code, status, title = "insurance-not-connected", 503, "The register of insured persons is not connected."
