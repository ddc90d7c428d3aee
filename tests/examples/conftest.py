"""The page of the FastAPI example is tried in a browser, where there is one."""

from __future__ import annotations

from support.programs import BROWSERS, left_out
from support.proofs import proven

collect_ignore = ["test_fastapi_page.py"] if left_out(*BROWSERS) else []

__all__ = ["proven"]
