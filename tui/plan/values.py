"""Kinds of value that a plan's fields hold: durations, paths, lists that may be written as one item."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import core_schema

from tui.plan.faults import shown
from tui.text import one_line

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler

DURATION_PATTERN = r"^(\d+(\.\d+)?(ms|s|m|h))+$"
_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|s|m|h)")
_NUMBER = re.compile(r"\d+(\.\d+)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class Frozen(BaseModel):
    """Base of all of a plan's parts: unchangeable, and strict about unknown keys.

    A number may stand where text is wanted: the document keeps those that would change by it as text.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, coerce_numbers_to_str=True, allow_inf_nan=False
    )


def parse_duration(value: object) -> float:
    """Reads a duration as Go writes it.

    Args:
        value: Text such as `90s`, `1m30s`, `500ms`, or a number of seconds.

    Returns:
        Seconds.

    Raises:
        ValueError: It is no duration, or a negative one.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value) if abs(value) < 1e15 else math.inf
    elif isinstance(value, str) and _NUMBER.fullmatch(value):
        seconds = float(value)
    elif isinstance(value, str) and re.match(DURATION_PATTERN, value.strip()):
        seconds = sum(float(part["number"]) * _UNITS[part["unit"]] for part in _DURATION.finditer(value))
    else:
        raise ValueError(f"{shown(value)} is not a duration", "write it as 90s, 5m or 1h30m")
    if seconds < 0:
        raise ValueError("a duration cannot be negative")
    if not math.isfinite(seconds):
        raise ValueError("a duration cannot be that long")
    return seconds


def _resolve(value: object, info: ValidationInfo) -> Path:
    if not isinstance(value, str | Path) or not str(value):
        raise ValueError(f"a path is wanted here, not {shown(value or None)}")
    base: Path | None = (info.context or {}).get("folder")
    try:
        path = Path(value).expanduser()
        if path.is_absolute() or base is None:
            return path
        # A link keeps its own name and place, by which commands on other machines have it too.
        return (base / path).resolve() if ".." in path.parts else base / path
    except (OSError, RuntimeError) as error:  # an unknown user after `~`, a circle of links
        raise ValueError(f"{shown(str(value))} is not a usable path: {error}") from error


Wanted = Literal["file", "folder", "file or folder"]


def existing_path(value: object, info: ValidationInfo, wanted: Wanted = "file or folder") -> Path:
    """A path made absolute from the plan's folder.

    Raises:
        ValueError: There is nothing of that sort at it.
    """
    path = _resolve(value, info)
    try:
        is_file, is_folder = path.is_file(), path.is_dir()
    except OSError as error:
        raise ValueError(f"{shown(str(path))} cannot be read: {error.strerror}") from error
    if not is_file and not is_folder:
        raise ValueError(f"no such {wanted}: {path}")
    if (wanted == "file" and is_folder) or (wanted == "folder" and is_file):
        raise ValueError(f"a {wanted} is wanted here, which this is not: {path}")
    return path


def _existing_path(value: object, info: ValidationInfo) -> Path:
    return existing_path(value, info)


def _existing_file(value: object, info: ValidationInfo) -> Path:
    return existing_path(value, info, "file")


def _existing_folder(value: object, info: ValidationInfo) -> Path:
    return existing_path(value, info, "folder")


Label = Annotated[str, AfterValidator(one_line)]
"""A text that people are shown, on one line and without a terminal's control sequences."""

Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": DURATION_PATTERN}, {"type": "number", "minimum": 0}]}
    ),
]
"""Seconds, written as `90s`, `1m30s` or a number."""

_AS_TEXT = PlainSerializer(str, return_type=str)
_PATH_SCHEMA = WithJsonSchema({"type": "string"})

PlanPath = Annotated[Path, BeforeValidator(_resolve), _AS_TEXT, _PATH_SCHEMA]
"""A path, relative to the plan's folder; `~` is the user's home."""

ExistingFile = Annotated[Path, BeforeValidator(_existing_file), _AS_TEXT, _PATH_SCHEMA]
"""A `PlanPath` to a file that must be there when the plan is read."""

ExistingFolder = Annotated[Path, BeforeValidator(_existing_folder), _AS_TEXT, _PATH_SCHEMA]
"""A `PlanPath` to a folder that must be there when the plan is read."""

ExistingPath = Annotated[Path, BeforeValidator(_existing_path), _AS_TEXT, _PATH_SCHEMA]
"""A `PlanPath` to a file or folder that must be there when the plan is read."""


@dataclass(frozen=True)
class OneOrMore:
    """Lets a list of one be written as its item."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Makes a list of what is none."""
        return core_schema.no_info_before_validator_function(_listed, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Either an item or a list of them."""
        listed = handler(schema)
        return {"anyOf": [listed["items"], listed]}


def _listed(value: Any) -> Any:
    return value if value is None or isinstance(value, list | tuple) else [value]
