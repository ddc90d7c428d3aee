"""Programs that some tests drive. Where one is not installed its tests are left out, unless servers are required."""

from __future__ import annotations

import os
import shutil

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def found(*names: str) -> str | None:
    """Return the path of the first program that is installed, None for none."""
    return next((path for path in map(shutil.which, names) if path), None)


def left_out(*names: str) -> bool:
    """Return whether tests that need one of these programs are to be left out; with servers required, never."""
    return found(*names) is None and not os.environ.get("CONVO_TEST_REQUIRE_SERVERS")
