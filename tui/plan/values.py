"""Kinds of value that a plan's fields hold: durations, paths, lists that may be written as one item."""

from __future__ import annotations

import glob
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import core_schema

from tui.plan.faults import likely, shown
from tui.text import one_line

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler

MAY_BE_MISSING = "may be missing"
"""The key, in the context of a plan's validation, of whether the files that it names may be missing."""

DURATION_PATTERN = r"^(\d+(\.\d+)?(ms|s|m|h))+$"
_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|s|m|h)")
_NUMBER = re.compile(r"\d+(\.\d+)?")
_SHELL = re.compile(r"\$[A-Za-z_({]")
_IMAGE_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_IMAGE = re.compile(  # the grammar of github.com/distribution/reference
    rf"(?:(?:localhost|(?=[^/]*[.:A-Z])[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::\d+)?/)?{_IMAGE_PART}(?:/{_IMAGE_PART})*"
    r"(?::\w[\w.-]{0,127})?(?:@[A-Za-z][\w.+-]*:[0-9A-Fa-f]{32,})?",
    re.ASCII,
)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class Frozen(BaseModel):
    """Base of all of a plan's parts: immutable, and strict about unknown keys.

    A number may stand where text is wanted: the document keeps those that would change by it as text.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        coerce_numbers_to_str=True,
        allow_inf_nan=False,
        defer_build=True,  # a plan is built at once, not each of its parts first
    )


def parse_duration(value: object) -> float:
    """Return the seconds of a duration as Go writes it.

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
        raise ValueError(f"a path is needed here, not {shown(value or None)}", "write a file's path as text")
    if _SHELL.search(str(value)):
        cause = f"{shown(str(value))} holds a variable of the shell, which is not filled in"
        raise ValueError(cause, "write ~ for the home directory, or ${name} for a variable of the plan")
    base: Path | None = (info.context or {}).get("folder")
    try:
        path = Path(value).expanduser()
        if path.is_absolute() or base is None:
            return path
        # Symlinks are kept: commands on other machines have them under the same name and place.
        return (base / path).resolve() if ".." in path.parts else base / path
    except (OSError, RuntimeError) as error:  # `~user` is unknown, or a symlink loop
        raise ValueError(f"{shown(str(value))} is not a usable path: {error}", "check the path") from error


class MissingError(ValueError):
    """There is nothing at a path that a plan names."""


Wanted = Literal["file", "directory", "file or directory"]


def matches(pattern: Path) -> list[Path]:
    """Return what an absolute pattern such as `/k8s/*.yaml` matches, by name.

    As by kubectl, hidden files match too, and `**` is no more than `*`.
    """
    root = Path(pattern.anchor)
    return sorted(root.glob(str(pattern.relative_to(root)).replace("**", "*")))


def existing_path(
    value: object,
    info: ValidationInfo,
    wanted: Wanted = "file or directory",
    *,
    may_match: bool = False,
) -> Path:
    """Return a path made absolute from the plan's directory.

    Args:
        value: The path as it is written.
        info: Where it is written; whether it may be missing.
        wanted: What there must be at it.
        may_match: Whether it may be a pattern that matches something.

    Raises:
        MissingError: There is nothing at it, and it may not be missing.
        ValueError: There is nothing of that sort at it.
    """
    path = _resolve(value, info)
    try:
        is_file, is_directory = path.is_file(), path.is_dir()
    except OSError as error:
        cause = f"{shown(str(path))} cannot be read: {error.strerror}"
        raise ValueError(cause, "check the path") from error
    if not is_file and not is_directory:
        if may_match and glob.has_magic(str(value)):
            if matches(path):
                return path
            cause, hint = f"no file matches {path}", "a pattern begins at the plan's directory"
        else:
            cause = f"no such {wanted}: {path}"
            hint = likely(path, "relative paths begin at the plan's directory")
        if (info.context or {}).get(MAY_BE_MISSING):
            return path
        raise MissingError(cause, hint)
    if (wanted == "file" and is_directory) or (wanted == "directory" and is_file):
        other = "directory" if is_directory else "file"
        raise ValueError(f"a {wanted} is expected here, not a {other}: {path}", f"name a {wanted}")
    return path


def _existing_path(value: object, info: ValidationInfo) -> Path:
    return existing_path(value, info)


def _existing_file(value: object, info: ValidationInfo) -> Path:
    return existing_path(value, info, "file")


def _existing_directory(value: object, info: ValidationInfo) -> Path:
    return existing_path(value, info, "directory")


def checked_url(text: str) -> str:
    """Return a URL as it is.

    Raises:
        ValueError: It is none that can be asked for.
    """
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"[\x00-\x20\x7f]", text):
        raise ValueError(f"{shown(text)} is not a URL", "write http://HOST[:PORT]/PATH, without blanks")
    return text


Url = Annotated[str, AfterValidator(checked_url)]
"""An http or https URL."""

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

Timeout = Annotated[Duration, Field(gt=0)]
"""A `Duration` that is more than none."""

_AS_TEXT = PlainSerializer(str, return_type=str)
_PATH_SCHEMA = WithJsonSchema({"type": "string", "format": "path"})

PlanPath = Annotated[Path, BeforeValidator(_resolve), _AS_TEXT, _PATH_SCHEMA]
"""A path, relative to the plan's directory; `~` is the user's home."""

ExistingFile = Annotated[Path, BeforeValidator(_existing_file), _AS_TEXT, _PATH_SCHEMA]
"""A `PlanPath` to a file that must exist when the plan is read."""

ExistingDirectory = Annotated[Path, BeforeValidator(_existing_directory), _AS_TEXT, _PATH_SCHEMA]
"""A `PlanPath` to a directory that must exist when the plan is read."""

ExistingPath = Annotated[Path, BeforeValidator(_existing_path), _AS_TEXT, _PATH_SCHEMA]
"""A `PlanPath` to a file or directory that must exist when the plan is read."""


@dataclass(frozen=True)
class OneOrMore:
    """Marks a list that may be written as its one item."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Wrap a value that is no list in a list."""
        return core_schema.no_info_before_validator_function(_listed, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return a schema of an item or a list of them."""
        listed = handler(schema)
        return {"anyOf": [listed["items"], listed]}


def _listed(value: Any) -> Any:
    return value if value is None or isinstance(value, list | tuple) else [value]


def is_image_name(text: str) -> bool:
    """Return whether container engines take a text as an image's name."""
    return _IMAGE.fullmatch(text) is not None


def image_name(value: str) -> str:
    """Return a text that is an image's name.

    Raises:
        ValueError: It is none.
    """
    if is_image_name(value):
        return value
    hint = "write it as name:tag or registry/name:tag"
    if is_image_name(value.lower()):
        hint = "write it in lower case"
    raise ValueError(f"{shown(value)} is no image's name", hint)


ImageName = Annotated[str, AfterValidator(image_name)]
"""An image's name as container engines take it, with or without registry, tag and digest."""


def _without_digest(value: str) -> str:
    if "@" in value:
        hint = f"name it by a tag, such as {value.partition('@')[0]}"
        raise ValueError(f"{shown(value)} has a digest, which only what is there already can have", hint)
    return value


NewImageName = Annotated[ImageName, AfterValidator(_without_digest)]
"""The name that an image gets: without a digest."""
