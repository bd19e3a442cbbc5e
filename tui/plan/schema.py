"""The plan's JSON Schema: for editors, and for the hints of errors."""

from __future__ import annotations

from functools import cache
from typing import Any

from tui.plan.model import Plan
from tui.plan.steps import STEPS

_REFERENCE = {"type": "string", "pattern": r"\$\{.+\}"}
_ABOUT = ("title", "description", "default")
_LITERAL = {"kind", "apiVersion"}


@cache
def plan_schema() -> dict[str, Any]:
    """Return the schema of a plan as it is written: `${…}` may stand for any value."""
    closed = closed_schema()
    opened = {name: _opened(part) for name, part in closed["$defs"].items()}
    opened["Phase"]["required"] = ["id"]  # its tasks may be those of included plans
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_opened(closed),
        "title": "bringup plan",
        "$defs": opened,
    }


@cache
def closed_schema() -> dict[str, Any]:
    """Return the schema of a plan that is filled in."""
    schema = Plan.model_json_schema(by_alias=True)
    del schema["properties"]["folder"]
    schema["patternProperties"] = {"^x-": {}}  # for anchors
    return schema


def _opened(model: dict[str, Any]) -> dict[str, Any]:
    """Return a model's schema with references allowed for its values."""
    fields = {
        name: part if name in _LITERAL else _with_reference(part)
        for name, part in model.get("properties", {}).items()
    }
    if "kind" in fields:  # editors show it beside each kind that they offer
        fields["kind"] = fields["kind"] | {"description": model["description"]}
    return model | {"properties": fields}


def _with_reference(part: dict[str, Any]) -> dict[str, Any]:
    """Return a value's schema with references allowed for it, and for what it holds."""
    options = [_inside(option) for option in part.get("anyOf", [_without(part, *_ABOUT)])]
    about = {key: part[key] for key in _ABOUT if key in part}
    if any(_takes_any_text(option) for option in options):
        return about | (options[0] if len(options) == 1 else {"anyOf": options})
    return about | {"anyOf": [*options, _REFERENCE]}


def _inside(part: dict[str, Any]) -> dict[str, Any]:
    changed = dict(part)
    for key in ("items", "additionalProperties"):
        if isinstance(part.get(key), dict):
            changed[key] = _with_reference(part[key])
    if keys := part.get("patternProperties"):
        changed["patternProperties"] = {key: _with_reference(held) for key, held in keys.items()}
    return changed


def held_by(field: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema of what a mapping holds whose keys its user chooses; None if it holds anything."""
    held = next(iter(field.get("patternProperties", {}).values()), field.get("additionalProperties"))
    return held if isinstance(held, dict) else None


def _takes_any_text(part: dict[str, Any]) -> bool:
    """Return whether a reference, being text, is allowed already."""
    return part.get("type", "string") == "string" and not part.keys() & {
        *("pattern", "enum", "const", "$ref", "oneOf"),
    }


def _without(part: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key not in keys}


def fields_at(schema: dict[str, Any], loc: tuple[str | int, ...]) -> dict[str, dict[str, Any]]:
    """Return the keys that a mapping may have, each with its schema.

    Args:
        schema: The schema of the whole.
        loc: Where it is, as a path of keys, indices and the kinds of steps on the way.
    """
    definitions = schema["$defs"]
    part = schema
    for before, name in zip((None, *loc), loc, strict=False):
        model = STEPS[str(name)].__name__ if name in STEPS else name
        if isinstance(before, int) and model in definitions:
            part = definitions[model]
        elif isinstance(name, str):
            part = _target(part.get("properties", {}).get(name) or held_by(part) or {}, definitions)
    return dict(part.get("properties", {}))


def _target(field: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the model that a field leads to, through lists and options; or a mapping of them."""
    if "$ref" in field:
        return dict(definitions[field["$ref"].rsplit("/", 1)[-1]])
    for option in [*field.get("anyOf", []), field.get("items", {})]:
        if option and (found := _target(option, definitions)):
            return found
    return field if held_by(field) else {}
