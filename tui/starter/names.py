"""Names made of other names: of tasks, clusters and images; and texts as YAML has them."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

_PLAIN = re.compile(r"[A-Za-z_./][\w./@+-]*(?: [\w./@+-]+)*", re.ASCII)
_MOST = 40


def slug(text: str) -> str:
    """Return a text as a name: lower-case letters and digits with - between them; empty if there are none."""
    found = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return found[:_MOST].strip("-")


def unique(name: str, taken: set[str]) -> str:
    """Return a name, with a number if it is taken, and take it."""
    found, number = name, 2
    while found in taken:
        found, number = f"{name}-{number}", number + 1
    taken.add(found)
    return found


def image_name(project: str, name: str) -> str:
    """Return the name of an image of a project."""
    return project if name == project else f"{project}/{name}"


def quoted(text: str) -> str:
    """Return a text as YAML has it, within brackets too."""
    if _PLAIN.fullmatch(text) and yaml.safe_load(text) == text:
        return text
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\x7f")


def listed(texts: list[str]) -> str:
    """Return texts as YAML has them: one by itself, several in brackets."""
    return quoted(texts[0]) if len(texts) == 1 else f"[{', '.join(map(quoted, texts))}]"


def is_valid(kind: Any, value: Any) -> bool:
    """Return whether a plan's field of a kind takes a value."""
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True
