"""Domain errors of ratings."""

from shared.errors import DomainError


class PhoneNotConfirmed(DomainError):
    code, status, title = "phone-not-confirmed", 403, "Sign in as a citizen, or confirm a phone number by a code."


class DoctorNotListed(DomainError):
    code, status, title = (
        "doctor-not-listed",
        422,
        "This doctor does not work at the organisation.",
    )
