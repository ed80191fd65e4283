"""How Alembic reaches our database: over the connection that storage/migrations.py hands in, else by the settings."""

from alembic import context
from sqlalchemy import Connection

from core.settings import load_settings
from storage import _engine, tables


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=tables.metadata,
        compare_type=True,
        render_as_batch=True,  # SQLite changes a table by making it anew
        transactional_ddl=True,  # SQLite has it, once the driver is kept from committing by itself
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    url = load_settings().sqlalchemy_url
    context.configure(url=url, target_metadata=tables.metadata, literal_binds=True, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
elif (handed := context.config.attributes.get("connection")) is not None:
    run(handed)
else:
    engine = _engine.open_engine(load_settings().sqlalchemy_url)
    with _engine.write(engine, alone=True) as own:
        run(own)
    engine.dispose()
