"""Pydantic's errors as faults: in the user's words, with the place in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.plan.faults import Fault, shown, suggest
from tui.plan.model import CLUSTER_NAME, IDENTIFIER, OWNER
from tui.plan.schema import fields_at
from tui.plan.scope import NAME
from tui.plan.steps import STEPS
from tui.plan.steps.http import URL
from tui.plan.steps.sources import SHA256

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from tui.plan.document import Document, Path_

STEP_KINDS = tuple(sorted(STEPS))
_TAGS = {
    "LocalRegistry",
    *("Certificate", "ConfigMap", "Inline", "Kustomized", "Remote", "Secret"),
    *("Signature", "mapping", "text"),
}
_SAID_ELSEWHERE = {
    **dict.fromkeys(("bash", "cmd", "exec", "run", "script", "sh", "shell"), "command"),
    **dict.fromkeys(("chart", "helm", "helm.upgrade"), "helm.install"),
    **dict.fromkeys(("kubectl", "kustomize", "manifest", "manifests"), "kubernetes.apply"),
    **dict.fromkeys(("wait", "rollout"), "kubernetes.wait"),
    "build": "image.build",
    "pull": "image.pull",
    "push": "image.push",
    "http": "http.check",
}
"""What other tools call kinds of steps."""
_KEYS_ELSEWHERE = {
    **dict.fromkeys(("bash", "cmd", "command", "entrypoint", "run", "script", "sh"), "shell"),
    **dict.fromkeys(("cwd", "dir", "workdir", "workingdir", "workingdirectory"), "folder"),
    **dict.fromkeys(("after", "dependson", "dependencies", "deps", "requires"), "needs"),
    **dict.fromkeys(("condition", "enabled", "if"), "when"),
    **dict.fromkeys(("foreach", "loop", "matrix", "withitems"), "each"),
    **dict.fromkeys(("set", "setvalues"), "values"),
    **dict.fromkeys(("valuefiles", "valuesfiles"), "files"),
    **dict.fromkeys(("buildargs",), "args"),
    **dict.fromkeys(("cleanup", "teardown"), "down"),
    "name": "title",
    "repo": "repository",
    "sources": "files",
    "vars": "variables",
}
"""What other tools call keys, without `-` and `_`."""
_STEP_FIELDS = {"steps", "failed", "down"}

_WANTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_parsing_size": "a smaller number",
    "list_type": "a list",
    "model_attributes_type": "a mapping",
    "model_type": "a mapping",
    "string_type": "text",
    "tuple_type": "a list",
}
_PATTERNS = {
    CLUSTER_NAME: "at most 49 lower-case letters and digits, with . and - between them",
    NAME: "at most 32 lower-case letters and digits, with _ - between them, the first a letter",
    IDENTIFIER: "lower-case letters and digits, with . _ - between them",
    OWNER: "at most 63 letters and digits, with . _ - between them",
    SHA256: "a checksum of 64 hexadecimal digits",
    URL: "a URL that begins with http:// or https://",
}


def explain(
    error: ValidationError, data: Any, document: Document, schema: dict[str, Any]
) -> Iterator[tuple[Path_, Fault]]:
    """Yield the faults of a pydantic error, each with its path.

    Args:
        error: What pydantic says.
        data: The plan, filled in.
        document: The plan as it is written.
        schema: The JSON Schema of the model that the error is of, for hints.
    """
    for detail in error.errors(include_url=False, include_input=False):
        path, value = _resolved(detail["loc"], data)
        if detail["type"] == "too_short" and value:
            continue  # it has items, and each is wrong for a reason of its own
        yield path, _fault(detail, path, value, document, schema)


def _resolved(loc: tuple[str | int, ...], data: Any) -> tuple[Path_, Any]:
    """Return an error's path without the names of union members that pydantic adds, and its value."""
    path: Path_ = ()
    for before, part in zip((None, *loc), loc, strict=False):
        if isinstance(before, int) and isinstance(part, str) and _is_tag(part, data):
            continue
        if isinstance(data, dict) and isinstance(part, str):
            path, data = (*path, part), data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            path, data = (*path, part), data[part]
    return path, data


def _is_tag(part: str, data: Any) -> bool:
    return part in _TAGS or (isinstance(data, dict) and data.get("kind") == part)


def _fault(
    detail: ErrorDetails, path: Path_, value: Any, document: Document, schema: dict[str, Any]
) -> Fault:
    kind, context, loc = detail["type"], detail.get("ctx", {}), detail["loc"]
    place = document.place(path)
    if kind == "extra_forbidden":
        key = str(path[-1])
        known = fields_at(schema, loc[:-1])
        meant = _KEYS_ELSEWHERE.get(key.lower().replace("-", "").replace("_", ""), "")
        hint = suggest(meant if meant in known else key, known)
        if len(path) == 1 and not key[:1].isalnum():  # as others mark what is there for anchors
            hint = f"begin the name of what is there for YAML's anchors with x-: x-{key.lstrip('._-')}"
        return Fault(document.keys.get(path, place), f"unknown key {shown(key)}", hint)
    if kind == "missing":
        hint = f"add `{path[-1]}: …`. {_about(schema, loc)}".strip()
        return Fault(place, f"the key {str(path[-1])!r} is missing", hint)
    if kind == "union_tag_invalid" and not _is_step(path):
        cause = f"text or a mapping is expected here, not {shown(value)}"
        return Fault(place, f"{_name(path)}{cause}", _hint(schema, kind, value, loc))
    if kind == "union_tag_invalid":
        place, tag = document.place((*path, "kind")), value.get("kind")
        if isinstance(tag, str):
            meant = _SAID_ELSEWHERE.get(tag.lower().removeprefix("docker."), tag)
            return Fault(place, f"unknown step kind {shown(tag)}", suggest(meant, STEP_KINDS))
        return Fault(
            place, f"the step's kind must be text, not {shown(tag)}", f"one of: {', '.join(STEP_KINDS)}"
        )
    if kind == "union_tag_not_found" or (kind == "model_attributes_type" and _is_step(path)):
        cause = (
            "the step has no kind" if isinstance(value, dict) else f"a step is a mapping, not {shown(value)}"
        )
        if isinstance(value, list):
            return Fault(
                place, cause, "YAML does not join lists: write each step of it, or its alias, by itself"
            )
        return Fault(place, cause, f"add `kind:` with one of: {', '.join(STEP_KINDS)}")
    if kind == "value_error":
        cause, *hint = context["error"].args
        return Fault(place, f"{_name(path)}{cause}", hint[0] if hint else "")
    cause, hint = _cause(detail, value), _hint(schema, kind, value, loc)
    if hint and hint.rstrip(".").lower() in cause:
        hint = "for example load-images"
    return Fault(place, f"{_name(path)}{cause}", hint)


def _is_step(path: Path_) -> bool:
    return len(path) > 1 and path[-2] in _STEP_FIELDS


def _name(path: Path_) -> str:
    """Return the subject of a fault, which begins its cause."""
    keys = [part for part in path if isinstance(part, str)]
    if not keys:
        return ""
    return f"{keys[-1]}: " if isinstance(path[-1], str) else f"{keys[-1]}, item {int(path[-1]) + 1}: "


def _cause(detail: ErrorDetails, value: Any) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in _WANTED:
        return f"{_WANTED[kind]} is expected here, not {shown(value)}"
    if kind == "string_pattern_mismatch" and context["pattern"] in _PATTERNS:
        return f"must be {_PATTERNS[context['pattern']]}, not {shown(value)}"
    if kind == "literal_error":
        return f"must be {context['expected']}, not {shown(value)}"
    if kind in {"too_short", "string_too_short"}:
        return "at least one is required" if kind == "too_short" else "is empty"
    bounds = {"greater_than": "more than", "greater_than_equal": "at least", "less_than_equal": "at most"}
    if kind in bounds:
        return f"must be {bounds[kind]} {next(iter(context.values()))}, not {shown(value)}"
    return f"{detail['msg'][:1].lower()}{detail['msg'][1:]}"


def _hint(schema: dict[str, Any], kind: str, value: Any, loc: tuple[str | int, ...]) -> str:
    if value is None:
        return "give it a value, or remove its key"
    if loc[0] == "include" and isinstance(value, str):
        return "write each plan with its name, such as - {plan: storage.yaml, as: storage}"
    if kind in {"list_type", "tuple_type"} and isinstance(value, dict):
        return "begin each item with `- `"
    if kind in {"list_type", "tuple_type"} and isinstance(value, str) and loc[-1] == "argv":
        return "write each word as an item of it, or the line as `shell` in its place"
    if kind == "string_type" and isinstance(value, bool):
        return f'write it as text, in quotes: "{shown(value)}"'
    return _about(schema, loc)


def _about(schema: dict[str, Any], loc: tuple[str | int, ...]) -> str:
    """Return the schema's description of a key."""
    keys = [i for i, part in enumerate(loc) if isinstance(part, str) and part not in _TAGS]
    if not keys:
        return ""
    last = keys[-1]
    return str(fields_at(schema, loc[:last]).get(str(loc[last]), {}).get("description", ""))
