"""The directory's cards: contacts by role, contract years and doctors."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("provider") as provider:
        provider.add_column(sa.Column("added_aliases", sa.JSON(), nullable=False, server_default="[]"))
        provider.add_column(sa.Column("level", AutoString()))
        provider.add_column(sa.Column("attached_population", sa.Integer()))
        provider.add_column(sa.Column("districts", sa.JSON(), nullable=False, server_default="[]"))
        provider.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.create_table(
        "contact",
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=True),
        sa.Column("body", AutoString(), nullable=True),
        sa.Column("region", AutoString(), nullable=True),
        sa.Column("role", AutoString(), nullable=False),
        sa.Column("contact_key", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("recorded_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("contact_id"),
    )
    op.create_index("ix_contact_provider", "contact", ["provider_id"])
    op.create_index("ix_contact_body", "contact", ["body", "region"])
    op.create_index("ix_contact_key", "contact", ["contact_key"])
    op.create_table(
        "provider_contract",
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("care_types", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("contract_id"),
        sa.UniqueConstraint("provider_id", "year"),
    )
    op.create_table(
        "doctor",
        sa.Column("doctor_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("doctor_key", sa.LargeBinary(), nullable=False),
        sa.Column("full_name_kk", AutoString(), nullable=False),
        sa.Column("full_name_ru", AutoString(), nullable=False),
        sa.Column("speciality", AutoString(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("doctor_id"),
        sa.UniqueConstraint("doctor_key"),
    )
    op.create_index("ix_doctor_provider", "doctor", ["provider_id"])


def downgrade() -> None:
    for table in ("doctor", "provider_contract", "contact"):
        op.drop_table(table)
    with op.batch_alter_table("provider") as provider:
        for column in ("version", "districts", "attached_population", "level", "added_aliases"):
            provider.drop_column(column)
