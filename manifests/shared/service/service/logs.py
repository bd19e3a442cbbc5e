"""Log lines as JSON, one object a line, on standard output."""

from __future__ import annotations

import json
from datetime import UTC, datetime


def log(message: str, **fields: object) -> None:
    """Write a line."""
    moment = datetime.now(UTC).isoformat(timespec="milliseconds")
    print(json.dumps({"time": moment, "message": message, **fields}, default=str), flush=True)
