"""Audit events and queries for them, and what makes them valid."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

OUTCOMES = ("success", "failure", "pending")
MAX_BATCH = 500
MAX_LIMIT = 1000
DEFAULT_LIMIT = 100
MAX_OFFSET = 1_000_000
MAX_TEXT = 255
MAX_DURATION_MS = 2**31 - 1

_KNOWN_FILTERS = frozenset(("correlation_id", "event_type", "limit", "offset"))


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of the input."""

    field: str
    message: str


class InvalidInputError(Exception):
    """The input breaks rules; `errors` holds every one of them, not only the first."""

    def __init__(self, errors: list[FieldError]) -> None:
        """Keep the errors."""
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors))
        self.errors = errors


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """Something that happened, as the table `audit_events` keeps it."""

    event_id: uuid.UUID
    event_version: str
    event_timestamp: datetime
    event_type: str
    event_category: str
    event_action: str
    event_outcome: str
    correlation_id: str
    actor_type: str | None
    actor_id: str | None
    resource_type: str | None
    resource_id: str | None
    namespace: str | None
    duration_ms: int | None
    event_data: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return the event as JSON values."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["event_id"] = str(self.event_id)
        values["event_timestamp"] = self.event_timestamp.isoformat()
        return values


# The id is the service's to give.
_KNOWN_FIELDS = frozenset(field.name for field in fields(AuditEvent)) - {"event_id"}


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which events to read; a filter of None lets every event through."""

    correlation_id: str | None = None
    event_type: str | None = None
    limit: int = DEFAULT_LIMIT
    offset: int = 0


def parse_event(payload: object, *, now: datetime | None = None) -> AuditEvent:
    """Turn a JSON value into an event with an id of its own.

    Args:
        payload: The JSON value that a client sent.
        now: The moment to use where the client gives none.

    Raises:
        InvalidInputError: The value is not a valid event.
    """
    reader = _Reader(payload)
    reader.refuse_unknown(_KNOWN_FIELDS)
    event = AuditEvent(
        event_id=uuid.uuid4(),
        event_version=reader.optional_text("event_version") or "1.0",
        event_timestamp=reader.timestamp("event_timestamp", now or datetime.now(UTC)),
        event_type=reader.text("event_type"),
        event_category=reader.text("event_category"),
        event_action=reader.text("event_action"),
        event_outcome=reader.choice("event_outcome", OUTCOMES),
        correlation_id=reader.text("correlation_id"),
        actor_type=reader.optional_text("actor_type"),
        actor_id=reader.optional_text("actor_id"),
        resource_type=reader.optional_text("resource_type"),
        resource_id=reader.optional_text("resource_id"),
        namespace=reader.optional_text("namespace"),
        duration_ms=reader.optional_number("duration_ms", MAX_DURATION_MS),
        event_data=reader.mapping("event_data"),
    )
    reader.raise_errors()
    return event


def parse_batch(payload: object) -> list[AuditEvent]:
    """Turn a JSON array into events; one bad event refuses them all.

    Raises:
        InvalidInputError: The value is no array, is empty or too long, or holds an invalid event.
    """
    if not isinstance(payload, list):
        raise InvalidInputError([FieldError("", "must be an array of events")])
    if not 1 <= len(payload) <= MAX_BATCH:
        raise InvalidInputError([FieldError("", f"must hold from 1 to {MAX_BATCH} events")])
    now = datetime.now(UTC)
    events: list[AuditEvent] = []
    errors: list[FieldError] = []
    for position, item in enumerate(payload):
        try:
            events.append(parse_event(item, now=now))
        except InvalidInputError as problem:
            errors += [_inside(position, error) for error in problem.errors]
    if errors:
        raise InvalidInputError(errors)
    return events


def parse_query(parameters: Mapping[str, str]) -> AuditQuery:
    """Turn the parameters of a request into a query.

    Raises:
        InvalidInputError: A parameter is unknown or has an impossible value.
    """
    reader = _Reader(dict(parameters))
    reader.refuse_unknown(_KNOWN_FILTERS)
    query = AuditQuery(
        correlation_id=reader.optional_text("correlation_id"),
        event_type=reader.optional_text("event_type"),
        limit=reader.digits("limit", DEFAULT_LIMIT, lowest=1, highest=MAX_LIMIT),
        offset=reader.digits("offset", 0, lowest=0, highest=MAX_OFFSET),
    )
    reader.raise_errors()
    return query


class _Reader:
    """Reads fields of a JSON object, and gathers what is wrong with them."""

    def __init__(self, payload: object) -> None:
        if not isinstance(payload, dict):
            raise InvalidInputError([FieldError("", "must be an object")])
        self._values: dict[str, object] = payload
        self._errors: list[FieldError] = []

    def raise_errors(self) -> None:
        """Raise InvalidInputError if any field was wrong."""
        if self._errors:
            raise InvalidInputError(self._errors)

    def refuse_unknown(self, known: frozenset[str]) -> None:
        """Report fields that are not `known`, so that a misspelt one is not lost silently."""
        for name in sorted(self._values.keys() - known):
            self._wrong(name, "is not known")

    def text(self, name: str) -> str:
        """Return a text that must be there."""
        if self._values.get(name) is None:
            self._wrong(name, "is required")
            return ""
        return self.optional_text(name) or ""

    def optional_text(self, name: str) -> str | None:
        """Return a text, or None where there is none."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or not 1 <= len(value) <= MAX_TEXT:
            self._wrong(name, f"must be a text of 1 to {MAX_TEXT} characters")
        elif not _storable(value):
            self._wrong(name, "holds characters that cannot be stored")
        else:
            return value
        return None

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """Return a text that must be one of `choices`."""
        value = self._values.get(name)
        if isinstance(value, str) and value in choices:
            return value
        self._wrong(name, f"must be one of {', '.join(choices)}")
        return ""

    def timestamp(self, name: str, default: datetime) -> datetime:
        """Return a moment in UTC, or `default` where there is none."""
        value = self._values.get(name)
        if value is None:
            return default
        try:
            moment = datetime.fromisoformat(value if isinstance(value, str) else "")
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        self._wrong(name, "must be a date and time with its offset, as in RFC 3339")
        return default

    def optional_number(self, name: str, highest: int) -> int | None:
        """Return a whole number from 0 to `highest`, or None where there is none."""
        value = self._values.get(name)
        if value is None:
            return None
        # A bool is an int to Python, but not to JSON.
        if type(value) is int and 0 <= value <= highest:
            return value
        self._wrong(name, f"must be a whole number from 0 to {highest}")
        return None

    def digits(self, name: str, default: int, *, lowest: int, highest: int) -> int:
        """Return a whole number that came as text, or `default` where there is none."""
        value = self._values.get(name)
        if value is None:
            return default
        text = str(value)
        # The length first: Python refuses to convert very long numbers.
        if text.isascii() and text.isdigit() and len(text) <= len(str(highest)):
            number = int(text)
            if lowest <= number <= highest:
                return number
        self._wrong(name, f"must be a whole number from {lowest} to {highest}")
        return default

    def mapping(self, name: str) -> dict[str, Any]:
        """Return an object, empty where there is none."""
        value = self._values.get(name)
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        self._wrong(name, "must be an object")
        return {}

    def _wrong(self, name: str, message: str) -> None:
        self._errors.append(FieldError(name, message))


def _storable(text: str) -> bool:
    """Tell whether PostgreSQL can keep the text: no NUL, no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _inside(position: int, error: FieldError) -> FieldError:
    path = f"[{position}].{error.field}" if error.field else f"[{position}]"
    return FieldError(path, error.message)
