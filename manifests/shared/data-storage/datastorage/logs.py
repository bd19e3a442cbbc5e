"""Log lines as JSON, one object a line, on standard output."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

# The attribute of a log record that holds the fields of its line.
_FIELDS = "fields"


class JsonFormatter(logging.Formatter):
    """Writes a record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's time, level, logger, message and fields as a line of JSON."""
        moment = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, object] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update(getattr(record, _FIELDS, {}))
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure(level: str) -> None:
    """Send every logger's records, from `level` up, to standard output as JSON."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)


def fields(**values: object) -> dict[str, object]:
    """Return the `extra` argument that adds `values` to a log line."""
    return {_FIELDS: values}
