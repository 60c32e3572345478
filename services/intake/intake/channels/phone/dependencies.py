"""FastAPI dependencies of the operator's pages."""

from fastapi import Request

from intake.channels.phone.service.insurance import InsuranceRegister


def insurance_of(request: Request) -> InsuranceRegister | None:
    """Return the register of insured persons; None: not connected."""
    found: InsuranceRegister | None = request.app.state.insurance
    return found
