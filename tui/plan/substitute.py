"""`${dotted.name}` in plans and manifests.

`${…}` rather than a template language: a value that is a whole reference keeps its type (a list stays a
list), an error has the place of the reference, YAML needs no quoting round it, and a plan stays data.
`$${` writes a plain `${`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tui.plan.faults import MOST_FAULTS, Fault, Place, PlanError, shown, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tui.plan.document import Path_

MOST_LETTERS = 1 << 22
"""How much all that is filled in may come to: references that use one another multiply."""

_REFERENCE = re.compile(r"\$?\$\{(?P<name>[^}\n]*)\}")
_NAME = re.compile(r"[A-Za-z_][\w-]*(\.[A-Za-z_0-9][\w-]*)*", re.ASCII)


class UndefinedError(Exception):
    """A reference that leads nowhere.

    Attributes:
        cause: What is wrong with it.
        hint: What to do.
        reference: The reference as it is written.
        place: Where that is, once it is known.
    """

    def __init__(self, cause: str, hint: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.hint = hint
        self.reference = ""
        self.place: Place | None = None


def is_name(text: str) -> bool:
    """Whether a reference can be made to a variable of this dotted name."""
    return _NAME.fullmatch(text) is not None


def find(variables: Mapping[str, Any], name: str) -> Any:
    """The value of a dotted name.

    Raises:
        UndefinedError: There is none.
    """
    if not is_name(name):
        hint = "write ${name} or ${group.name}; $${ is a plain ${"
        raise UndefinedError(f"{shown(name)} is not a variable's name", hint)
    value: Any = variables
    for part in name.split("."):
        if not isinstance(value, dict) or part not in value:
            raise UndefinedError(f"variable {shown(name)} is not defined", suggest(name, names(variables)))
        value = value[part]
    return value


def names(variables: Mapping[str, Any], prefix: str = "") -> list[str]:
    """All dotted names that lead to a value other than a mapping."""
    found: list[str] = []
    for key, value in variables.items():
        found += names(value, f"{prefix}{key}.") if isinstance(value, dict) and value else [f"{prefix}{key}"]
    return found


def fill(text: str, look_up: Callable[[str], Any]) -> Any:
    """Replaces the references in a text; a text that is one whole reference becomes the value itself.

    Raises:
        UndefinedError: A reference leads nowhere.
    """

    def value_of(match: re.Match[str]) -> Any:
        try:
            return look_up(match["name"])
        except UndefinedError as error:
            error.reference = error.reference or match[0]
            raise

    whole = _REFERENCE.fullmatch(text)
    if whole and not text.startswith("$$"):
        return value_of(whole)
    return _REFERENCE.sub(lambda m: m[0][1:] if m[0].startswith("$$") else as_text(value_of(m)), text)


def each_text(value: Any, change: Callable[[str, Path_], Any], path: Path_ = ()) -> Any:
    """A value with all texts in it changed, each by its path."""
    if isinstance(value, dict):
        return {key: each_text(item, change, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [each_text(item, change, (*path, i)) for i, item in enumerate(value)]
    return change(value, path) if isinstance(value, str) else value


def as_text(value: Any) -> str:
    """A value as it stands inside a text: JSON for what is no string, which YAML reads as well."""
    return value if isinstance(value, str) else json.dumps(value)


def fill_text(text: str, variables: Mapping[str, Any], source: str) -> str:
    """Fills in a file's references.

    Args:
        text: The file's text.
        variables: The plan's variables.
        source: What the file is called in errors.

    Raises:
        PlanError: References lead nowhere; all of them are named, each with its place.
    """
    faults: list[Fault] = []
    letters = 0

    def replace(match: re.Match[str]) -> str:
        nonlocal letters
        if match[0].startswith("$$"):
            return match[0][1:]
        try:
            value = as_text(find(variables, match["name"]))
            letters += len(value)
            if letters > MOST_LETTERS:
                raise UndefinedError("the file's references expand without bound")
        except UndefinedError as error:
            line = text.count("\n", 0, match.start()) + 1
            column = match.start() - text.rfind("\n", 0, match.start())
            faults.append(Fault(Place(source, line, column), error.cause, error.hint))
            if letters > MOST_LETTERS or len(faults) == MOST_FAULTS:
                raise PlanError(faults) from error
            return ""
        return value

    filled = _REFERENCE.sub(replace, text)
    if faults:
        raise PlanError(faults)
    return filled
