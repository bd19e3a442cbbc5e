"""Log lines as a Kubernetes controller writes them: one JSON object a line, with a severity."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime


class Log:
    """Writes the log of one part."""

    def __init__(self, logger: str) -> None:
        """Write in the name of `logger`."""
        self._logger = logger

    def info(self, message: str, **fields: object) -> None:
        """Write what happened in the ordinary course."""
        self._write("info", message, fields)

    def warning(self, message: str, **fields: object) -> None:
        """Write what went wrong and is tried again."""
        self._write("warning", message, fields)

    def _write(self, severity: str, message: str, fields: dict[str, object]) -> None:
        line = {
            "severity": severity,
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "logger": self._logger,
            "message": message,
            **fields,
        }
        sys.stdout.write(json.dumps(line, default=str) + "\n")
        sys.stdout.flush()
