"""Column types that mean the same on SQLite, PostgreSQL and MariaDB.

A database's own types are imported when it is used: to import those of all takes as long as half of convo.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, SafeUUID

from pydantic_core import from_json
from sqlalchemy import BINARY, TIMESTAMP, BigInteger, ColumnElement, LargeBinary, String, Text, Uuid, type_coerce
from sqlalchemy.engine import Dialect
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

from convo.errors import CorruptRecord
from convo.values import dump_json

MARIADB = ("mysql", "mariadb")
NAME_LENGTH = 255
REASON_LENGTH = 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_hold = object.__setattr__
_SAFETY = SafeUUID.unknown


def uuid_of(value: Any) -> UUID:
    """Return the UUID that any of the drivers gave as ``value``."""
    if isinstance(value, UUID):
        return value
    if len(value) != 16:
        raise ValueError("a UUID has 16 bytes")
    made = object.__new__(UUID)  # UUID(bytes=...) takes thrice as long, and a window is many of them
    _hold(made, "int", int.from_bytes(value, "big"))
    _hold(made, "is_safe", _SAFETY)
    return made


def moment_of(value: Any) -> datetime:
    """Return the time in UTC that any of the drivers gave as ``value``."""
    if isinstance(value, int):
        return _EPOCH + timedelta(0, 0, value)
    moment: datetime = value
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def raw(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return ``column`` to be selected as the driver gives it: the functions here make of it what is needed."""
    return type_coerce(column, NullType())


def json_of(value: str | None) -> Any:
    """Return what the stored JSON text ``value`` says; raises CorruptRecord for what is no JSON."""
    if value is None:
        return None
    try:
        return from_json(value, allow_inf_nan=False)
    except ValueError:
        return _odd_json_of(value)


def _odd_json_of(value: str) -> Any:
    """Return what ``value`` says where the quick parser, which takes no half characters, refused it."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise CorruptRecord("a stored JSON text cannot be read back: run a check of the store") from None


def _bytes_of(value: UUID | None) -> bytes | None:
    return None if value is None else value.bytes


class Id(TypeDecorator[UUID]):
    """A UUID in 16 bytes: BLOB, UUID, BINARY(16)."""

    impl = LargeBinary(16)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the database's own type."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Uuid())
        return dialect.type_descriptor(BINARY(16) if dialect.name in MARIADB else LargeBinary(16))

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> Any:
        """UUID to driver value."""
        return value if dialect.name == "postgresql" else _bytes_of(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[UUID | None], Any] | None:
        """The same at once: every statement has several, and drivers take bytes as they are."""
        return None if dialect.name == "postgresql" else _bytes_of

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:
        """Driver value to UUID."""
        return None if value is None else uuid_of(value)


class Moment(TypeDecorator[datetime]):
    """A UTC-aware time with microseconds: INTEGER microseconds since 1970, TIMESTAMPTZ, DATETIME(6)."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the database's own type."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        if dialect.name in MARIADB:
            from sqlalchemy.dialects.mysql import DATETIME

            return dialect.type_descriptor(DATETIME(fsp=6))
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
        return None if value is None else moment_of(value)


def _text_of(value: Any) -> str | None:
    return None if value is None else dump_json(value)


class JsonText(TypeDecorator[Any]):
    """JSON as UTF-8 text, with control characters and lone surrogates escaped: TEXT, TEXT, LONGTEXT."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the database's own type."""
        if dialect.name in MARIADB:
            from sqlalchemy.dialects.mysql import LONGTEXT

            return dialect.type_descriptor(LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"))
        return Text()  # not through type_descriptor, which makes it PostgreSQL's VARCHAR

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """JSON value to text."""
        return _text_of(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:
        """The same at once; every driver takes a text as it is."""
        return _text_of

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Text to JSON value; raises CorruptRecord for what is no JSON."""
        return json_of(value)


class Digest(TypeDecorator[str]):
    """A SHA-256, hexadecimal in Python, 32 bytes in the database."""

    impl = LargeBinary(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the database's own type."""
        return dialect.type_descriptor(BINARY(32) if dialect.name in MARIADB else LargeBinary(32))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Hexadecimal text to bytes."""
        return None if value is None else bytes.fromhex(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        """Bytes to hexadecimal text."""
        return None if value is None else bytes(value).hex()


class Name(TypeDecorator[str]):
    """A short text compared byte for byte, trailing spaces included; of ``NAME_LENGTH`` unless a length is given."""

    impl = String
    cache_ok = True

    def __init__(self, length: int = NAME_LENGTH) -> None:
        super().__init__(length)
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the database's own type."""
        if dialect.name in MARIADB:
            from sqlalchemy.dialects.mysql import VARCHAR

            return dialect.type_descriptor(VARCHAR(self.length, charset="utf8mb4", collation="utf8mb4_nopad_bin"))
        return dialect.type_descriptor(String(self.length))
