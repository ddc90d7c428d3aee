"""Runs the migrations on the connection the caller hands over, or on CONVO_DATABASE_URL for developers."""

import os

from alembic import context
from sqlalchemy import create_engine

config = context.config
VERSION_TABLE = "convo_schema_version"


def _ours(name, kind, _parent_names):
    return kind != "table" or (name or "").startswith("convo_")


def _run(connection):
    context.configure(
        connection=connection,
        target_metadata=config.attributes.get("metadata"),
        version_table=VERSION_TABLE,
        render_as_batch=True,
        transaction_per_migration=False,
        transactional_ddl=connection.dialect.name == "sqlite" or None,
        include_name=_ours,
    )
    with context.begin_transaction():
        context.run_migrations()


handed = config.attributes.get("connection")
if handed is not None:
    _run(handed)
else:
    with create_engine(os.environ["CONVO_DATABASE_URL"]).begin() as connection:
        _run(connection)
