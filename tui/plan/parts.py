"""What plans and steps are made of, in words: from their JSON Schema, and what steps say of themselves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.errors import BringupError
from tui.plan.faults import shown, suggest
from tui.plan.kinds import ASSUMED, OTHERWISE
from tui.plan.schema import closed_schema, held_by
from tui.plan.steps import STEPS, kinds_of
from tui.plan.steps.cluster import PROVIDERS
from tui.plan.values import DURATION_PATTERN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.plan.steps import StepBase

SHARED = ("title", "timeout", "when", "cluster")
"""The keys that every step may have, beside its kind."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a plan, of one of its parts, or of a step.

    Attributes:
        name: The key.
        value: What it takes, in words; parts by their names.
        default: Its default, item by item; empty if there is none to tell.
        required: Whether it must be given.
        meaning: What it says.
    """

    name: str
    value: str
    default: tuple[str, ...]
    required: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part that plans are made of, or a kind of step.

    Attributes:
        name: What it is called.
        meaning: What it is.
        keys: Its keys.
    """

    name: str
    meaning: str
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class StepKind(Part):
    """A kind of step.

    Attributes:
        facts: What it needs, how long it may take, and when it gives up, in sentences.
        parts: The parts that its keys take.
        example: A step of it, as YAML.
    """

    facts: tuple[str, ...]
    parts: tuple[Part, ...]
    example: str


def plan_keys() -> tuple[Key, ...]:
    """Return the keys of a plan."""
    return _keys(closed_schema())


def plan_parts() -> tuple[Part, ...]:
    """Return the parts that a plan is made of besides steps, in the order in which they are met."""
    return _parts(closed_schema()["properties"])


def describe_kind(kind: str) -> StepKind:
    """Return what there is to say of a kind of step; the keys that all have come last.

    Raises:
        BringupError: There is no such kind.
    """
    model = STEPS.get(kind)
    if model is None:
        raise BringupError(f"there is no kind of step {shown(kind)}", suggest(kind, STEPS))
    schema = closed_schema()["$defs"][model.__name__]
    keys = tuple(sorted(_keys(schema), key=lambda key: key.name in SHARED))
    parts = _parts(schema["properties"])
    own = kinds_of(model)[0]
    meaning = schema["description"] if kind == own else f"`{own}` for clusters of {_family(kind)} alone."
    facts, example = tuple(_facts(kind, model)), model.example.replace(own, kind)
    return StepKind(kind, meaning, keys, facts, parts, example)


def _family(kind: str) -> str:
    return kind.partition(".")[0]


def _parts(properties: dict[str, Any]) -> tuple[Part, ...]:
    """Return the models besides steps that some keys lead to, in the order in which they are met."""
    definitions = closed_schema()["$defs"]
    found: dict[str, Any] = {}
    pending: list[Any] = [properties]
    while pending:
        part = pending.pop(0)
        if isinstance(part, dict):
            name = str(part.get("$ref", "")).rsplit("/", 1)[-1]
            if name and name not in found:
                found[name] = definitions[name]
                pending.append(found[name]["properties"])
        pending += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return tuple(
        Part(name, part["description"], _keys(part))
        for name, part in found.items()
        if "kind" not in part["properties"]
    )


def _facts(kind: str, model: type[StepBase]) -> Iterator[str]:
    """Yield what a kind of step needs, how long it may take, and when it gives up, in sentences."""
    if model.needs_cluster and not model.makes_cluster:
        yield "Needs the plan's cluster."
    needed = []
    if model.needs_provider:
        provider = _family(kind)
        needed.append(f"`{provider}`" if provider in PROVIDERS else "the provider's program")
    if model.needs_engine:
        needed.append("a container engine")
    if needed:
        yield f"Needs {' and '.join(needed)}."
    assumed = ASSUMED.get(kind, OTHERWISE)
    yield f"A rehearsal that knows no time of it assumes {assumed.seconds:g} s, {assumed.source}."
    if model.default_timeout:
        yield f"Without a timeout it gives up after {model.default_timeout:g} s."


def _keys(part: dict[str, Any]) -> tuple[Key, ...]:
    required = part.get("required", ())
    return tuple(
        Key(name, _value(field), _default(field), name in required, field["description"])
        for name, field in part["properties"].items()
        if name != "kind"
    )


def _default(field: dict[str, Any]) -> tuple[str, ...]:
    value = field.get("default")
    if value is None or value in ("", [], {}):
        return ()
    return tuple(map(_plain, value if isinstance(value, list) else [value]))


def _plain(value: Any) -> str:
    return (
        f"{value:g}" if isinstance(value, float) else value if isinstance(value, str) else json.dumps(value)
    )


def _value(field: dict[str, Any]) -> str:
    """Return what a key takes, in words."""
    if "$ref" in field:
        return str(field["$ref"].rsplit("/", 1)[-1])
    if "const" in field or "enum" in field:
        return " or ".join(f"`{each}`" for each in field.get("enum", [field.get("const")]))
    if "discriminator" in field:
        return "step"
    if either := field.get("anyOf") or field.get("oneOf"):
        options = [option for option in either if option.get("type") != "null"]
        if any(option.get("pattern") == DURATION_PATTERN for option in options):
            return "duration"
        arrays = [option for option in options if option.get("type") == "array"]
        if arrays:  # written as one item, or as a list of them
            return f"list of {_value(arrays[0]['items'])}"
        return " or ".join(dict.fromkeys(map(_value, options)))
    if field.get("type") == "array":
        return f"list of {_value(field.get('items', {}))}"
    if field.get("type") == "object":
        inner = held_by(field)
        return f"mapping to {_value(inner)}" if inner else "mapping"
    words = {"string": "text", "integer": "whole number", "boolean": "true or false", "number": "number"}
    return "path" if field.get("format") == "path" else words.get(field.get("type", ""), "anything")
