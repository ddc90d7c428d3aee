"""Column types that mean the same on SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, LargeBinary, String, Text
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from convo.errors import CorruptRecord
from convo.values import dump_json

MARIADB = ("mysql", "mariadb")
NAME_LENGTH = 255
REASON_LENGTH = 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Id(TypeDecorator[UUID]):
    """A UUID in 16 bytes: BLOB, UUID, BINARY(16)."""

    impl = LargeBinary(16)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the database's own type."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.UUID(as_uuid=True))
        if dialect.name in MARIADB:
            return dialect.type_descriptor(mysql.BINARY(16))
        return dialect.type_descriptor(LargeBinary(16))

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> Any:
        """UUID to driver value."""
        return value if value is None or dialect.name == "postgresql" else value.bytes

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:
        """Driver value to UUID."""
        return value if value is None or isinstance(value, UUID) else UUID(bytes=bytes(value))


class Moment(TypeDecorator[datetime]):
    """A UTC-aware time with microseconds: INTEGER microseconds since 1970, TIMESTAMPTZ, DATETIME(6)."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the database's own type."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        if dialect.name in MARIADB:
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Aware datetime to driver value."""
        if value is None or dialect.name == "postgresql":
            return value
        if dialect.name in MARIADB:
            return value.astimezone(UTC).replace(tzinfo=None)
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Driver value to a datetime in UTC."""
        if value is None:
            return None
        if isinstance(value, int):
            return _EPOCH + timedelta(microseconds=value)
        moment: datetime = value
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


class JsonText(TypeDecorator[Any]):
    """JSON as UTF-8 text, with control characters and lone surrogates escaped: TEXT, TEXT, LONGTEXT."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the database's own type."""
        if dialect.name in MARIADB:
            return dialect.type_descriptor(mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """JSON value to text."""
        return None if value is None else dump_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Text to JSON value; raises CorruptRecord for what is no JSON."""
        if value is None:
            return None
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise CorruptRecord("a stored JSON text cannot be read back: run a check of the store") from None


class Digest(TypeDecorator[str]):
    """A SHA-256, hexadecimal in Python, 32 bytes in the database."""

    impl = LargeBinary(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the database's own type."""
        if dialect.name in MARIADB:
            return dialect.type_descriptor(mysql.BINARY(32))
        return dialect.type_descriptor(LargeBinary(32))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Hexadecimal text to bytes."""
        return None if value is None else bytes.fromhex(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        """Bytes to hexadecimal text."""
        return None if value is None else bytes(value).hex()


def name(length: int = NAME_LENGTH) -> TypeEngine[str]:
    """Return a short text compared byte for byte, trailing spaces included."""
    kept = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_nopad_bin")
    return String(length).with_variant(kept, *MARIADB)
