"""The reference of plans as Markdown, made of their JSON Schema and of what steps say of themselves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tui.plan.schema import closed_schema
from tui.plan.steps import STEPS
from tui.plan.values import DURATION_PATTERN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.plan.steps import StepBase

EXAMPLE = """\
# yaml-language-server: $schema=plan.schema.json
apiVersion: bringup/v1
name: shop

variables:
  tag: dev
  password: change-me
secrets: [password]

cluster:
  name: shop
  kubeconfig: ~/.kube/shop-config

endpoints:
  - {name: Shop, url: "http://127.0.0.1:8080"}

phases:
  - id: create
    tasks:
      - id: cluster
        timeout: 10m
        steps:
          - {kind: kind.create}
      - id: image
        retry: {signatures: [rate-limit, dns]}
        steps:
          - {kind: image.pull, images: "redis:7"}
  - id: deploy
    tasks:
      - id: redis
        needs: [cluster, image]
        steps:
          - {kind: kind.load, images: "redis:7"}
          - {kind: command, shell: "kubectl create deployment redis --image redis:7"}
          - {kind: kubernetes.wait, rollouts: deployment/redis, timeout: 5m}

down:
  - {kind: kind.delete}
"""
"""A whole plan that needs no further file."""

_HEAD = f"""\
<!-- Made by `bringup plan reference > manifests/README.md`: change the models in tui/plan instead. -->
# Plans

A plan says what `bringup up` brings up: phases of tasks of steps. Each directory here is a plan that
travels with bringup, with the files that it applies and builds; `bringup up NAME` brings one up. A plan
of your own is a file `bringup.yaml`, or any other that is named: `bringup up path/to/plan.yaml`.

```yaml
{EXAMPLE}```

- `bringup plan show` shows a plan as a tree, and `bringup plan lint` what is questionable about it.
  `bringup up --env rehearsal --recording RUN` shows a kept run of it again, without touching anything.
- `bringup run -- make test-e2e` runs a program with KUBECONFIG and the plan's `environment`, and
  `eval "$(bringup env)"` sets them in a shell.
- `bringup plan schema > plan.schema.json` writes the JSON Schema; with the example's first line, editors
  complete keys and show their descriptions.
- Paths are relative to the plan's directory; `~` is the user's home directory.
- A duration is a number of seconds, or `500ms`, `90s`, `5m`, `1h30m`. A list of one item may be written
  as the item.
- A task's `retry.signatures` names the failures after which it is attempted again; `bringup plan failures`
  lists the known ones.

## Variables

`${{name}}` stands for the value of a variable, `${{group.name}}` for one of a group, and `$${{` for a
plain `${{`. A value that is one whole reference keeps its type, so that a list stays a list.
`${{folder}}` always exists: it is the directory of the file in which it is written. Environment variables
are not read.

References are filled in everywhere in the plan, in Kind's configuration, and in the manifests of steps
with `substitute: true`. Values are taken from `variables`, over them from each file of `--values`, over
them from each `--set group.name=value`. What is named in `secrets`, has a key such as `password` or
`token`, or looks random is never shown.

## Choice and repetition

`when: ${{flag}}` on a task or a step says whether it is wanted, `when: not ${{flag}}` the contrary. A task
that is not wanted is shown as such, does nothing, and counts as done for what needs it.

`each: ${{operators}}` on a task makes a task for each item of that list: in it `${{each}}` is the item, and
`${{each.name}}` a value of an item that is a mapping, also in files that are filled in. Others need one of
these tasks by its id, or all of them by `load-*` where the id is written `load-${{each.name}}`.

Keys of the plan that begin with `x-` are left out of account: they are for YAML's anchors.

```yaml
variables:
  fips: false
  operators: [{{name: kafka, image: "kafka:dev"}}, {{name: flux, image: "flux:dev"}}]
x-retried: &retried
  retry: {{signatures: [dns, rate-limit]}}
phases:
  - id: load
    tasks:
      - id: load-${{each.name}}
        <<: *retried
        each: ${{operators}}
        steps:
          - {{kind: image.pull, images: "${{each.image}}"}}
          - {{kind: kind.load, images: "${{each.image}}"}}
      - id: check
        needs: [load-*]
        when: not ${{fips}}
        steps: [{{kind: command, shell: make check}}]
```
"""


def reference() -> str:
    """Return the reference as Markdown."""
    schema = closed_schema()
    lines = [_HEAD, "## The plan\n", *_table(schema)]
    for name, part in _parts(schema).items():
        lines += [f"\n### {name}\n", f"{part['description']}\n", *_table(part)]
    lines.append("\n## Steps\n")
    lines.append("Steps of a task run in order. Each has a `kind`, maybe a `title`, `timeout` and `when`.")
    shared = {"kind", "title", "timeout", "when"}
    for kind, model in STEPS.items():
        part = schema["$defs"][model.__name__]
        lines += [f"\n### `{kind}`\n", f"{part['description']}{_facts(model)}\n", *_table(part, shared)]
    return "\n".join(lines) + "\n"


def _parts(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the models that a plan is made of besides steps, in the order in which they are met."""
    found: dict[str, Any] = {}
    pending: list[Any] = [schema["properties"]]
    while pending:
        part = pending.pop(0)
        if isinstance(part, dict):
            name = str(part.get("$ref", "")).rsplit("/", 1)[-1]
            if name and name not in found:
                found[name] = schema["$defs"][name]
                pending.append(found[name]["properties"])
        pending += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return {name: part for name, part in found.items() if "kind" not in part["properties"]}


def _facts(model: type[StepBase]) -> str:
    """Return what a kind of step needs, in sentences."""
    facts = []
    if model.needs_cluster and not model.makes_cluster:
        facts.append("Needs the plan's cluster.")
    if model.programs or model.needs_engine:
        programs = [f"`{program}`" for program in model.programs]
        engine = ["a container engine"] if model.needs_engine else []
        facts.append(f"Needs {' and '.join([*programs, *engine])}.")
    if model.default_timeout:
        facts.append(f"Without a timeout it gives up after {model.default_timeout:g} s.")
    return "".join(f" {fact}" for fact in facts)


def _table(part: dict[str, Any], without: set[str] | frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield the lines of a table of a model's keys."""
    fields = {name: field for name, field in part["properties"].items() if name not in without}
    if not fields:
        yield "It has no further keys."
        return
    yield "| key | value | default | meaning |"
    yield "| --- | --- | --- | --- |"
    for name, field in fields.items():
        default = "**required**" if name in part.get("required", ()) else _default(field)
        cells = (f"`{name}`", _value(field), default, field["description"])
        yield f"| {' | '.join(map(_cell, cells))} |"


def _default(field: dict[str, Any]) -> str:
    value = field.get("default")
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, list):
        return ", ".join(f"`{_plain(item)}`" for item in value)
    return f"`{_plain(value)}`"


def _plain(value: Any) -> str:
    return (
        f"{value:g}" if isinstance(value, float) else value if isinstance(value, str) else json.dumps(value)
    )


def _value(field: dict[str, Any]) -> str:
    """Return what a key takes, in words."""
    if "$ref" in field:
        name = field["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "const" in field or "enum" in field:
        return " or ".join(f"`{each}`" for each in field.get("enum", [field.get("const")]))
    if "discriminator" in field:
        return "[step](#steps)"
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
        inner = field.get("additionalProperties")
        return f"mapping to {_value(inner)}" if isinstance(inner, dict) else "mapping"
    words = {"string": "text", "integer": "whole number", "boolean": "true or false", "number": "number"}
    return "path" if field.get("format") == "path" else words.get(field.get("type", ""), "anything")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
