"""The store: database, keys and evidence of one set of settings, and the transactions that reach them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC

from sqlalchemy import Engine

from core.errors import ConfigError
from core.settings import Settings
from storage import _engine, audit, migrations
from storage._envelope import KeyRing
from storage.evidence import EvidenceFolder, open_evidence
from storage.keyring import load_keyring
from storage.transaction import Clock, Transaction


class Store:
    """Open it once a process; its transactions may run in several threads."""

    def __init__(self, engine: Engine, keys: KeyRing, evidence: EvidenceFolder, clock: Clock) -> None:
        self.engine = engine
        self.keys = keys
        self.evidence = evidence
        self._clock = clock

    @classmethod
    def open(cls, settings: Settings, *, clock: Clock, upgrade: bool = False) -> Store:
        """Open, and with `upgrade` bring the schema to this version first.

        Raises:
            ConfigError: a setting is wrong: database_url, evidence_url, keys, or a home folder that can't be made.
            StorageError: the database can't be reached or has another schema version, or the keys are missing or wrong.
        """
        try:
            settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise ConfigError(f"{settings.home}: the home folder can't be made ({why}); set NIGHTROUNDS_HOME") from None
        engine = _engine.open_engine(settings.sqlalchemy_url)
        try:
            if upgrade:
                migrations.upgrade(engine)
            migrations.require_head(engine)
            with _engine.read(engine) as connection:
                begun = audit.is_begun(connection)
            keys = load_keyring(settings, create=not begun)
            store = cls(engine, keys, open_evidence(settings, keys), clock)
            store._check_keys(begun)
        except BaseException:
            engine.dispose()
            raise
        return store

    @contextmanager
    def begin(self, actor: str = audit.SYSTEM) -> Iterator[Transaction]:
        """One write transaction, committed with its audit entries at the end, rolled back when the body raises."""
        with _engine.write(self.engine) as connection:
            tx = Transaction(connection, self._clock().astimezone(UTC), actor, self.keys, self.evidence)
            yield tx
            audit.append_entries(tx)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """One read-only transaction on a steady picture of the database."""
        with _engine.read(self.engine) as connection:
            yield Transaction(connection, self._clock().astimezone(UTC), audit.SYSTEM, self.keys, self.evidence)

    def close(self) -> None:
        self.engine.dispose()

    def _check_keys(self, begun: bool) -> None:
        if begun:
            with self.read() as tx:
                audit.check_keys(tx)
            return
        with _engine.write(self.engine, alone=True) as connection:
            audit.begin_chain(Transaction(connection, self._clock(), audit.SYSTEM, self.keys, self.evidence))
