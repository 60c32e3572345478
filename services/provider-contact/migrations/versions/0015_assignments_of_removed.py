"""Answered inquiries whose colleague lost access meanwhile are for all colleagues: a returned answer would wait for nobody."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "DELETE FROM inquiry_assignment"
        " WHERE account_id IN (SELECT account_id FROM provider_account WHERE state = 'REMOVED')"
        " AND inquiry_id IN (SELECT inquiry_id FROM inquiry WHERE closed_at IS NULL)"
    )


def downgrade() -> None:
    """The assignments named nobody with access: nothing is restored."""
