"""The database's own clock, in epoch milliseconds, and identifiers made by the client.

Leases are computed and compared by the database alone; no machine's clock decides who may write.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from uuid import UUID

NOW_MS = {
    "sqlite": "CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)",
    "postgresql": "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
    "mariadb": "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000)",
}
"""SQL for the time now, by database; never the start of the transaction or statement, which a lock wait makes old."""


def now() -> datetime:
    """Return the time now in UTC, for records that people read; it decides nothing."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """Return a new UUID version 7 (RFC 9562 §5.7): milliseconds since 1970, then 74 random bits."""
    millis = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (millis & (1 << 48) - 1) << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)
