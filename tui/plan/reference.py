"""The reference of plans as Markdown: a guide, and what `tui.plan.parts` tells of the models."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tui.plan.parts import SHARED, describe_kind, plan_keys, plan_parts
from tui.plan.steps import STEPS, kinds_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.plan.parts import Key

_ORIGIN = "<!-- Made of tui/plan (reference.md, models): `bringup plan reference > manifests/README.md` -->"
GUIDE = Path(__file__).with_suffix(".md")
_LINKED = re.compile(r"(?<![`\w])([A-Z]\w*|step)\b")  # what a key takes: parts have names with capitals


def reference() -> str:
    """Return the reference as Markdown."""
    lines = [_ORIGIN, GUIDE.read_text(encoding="utf-8"), "## The plan\n", *_table(plan_keys())]
    for part in plan_parts():
        lines += [f"\n### {part.name}\n", f"{part.meaning}\n", *_table(part.keys)]
    lines.append("\n## Steps\n")
    lines.append(f"Steps of a task run in order. Each has a `kind`, maybe {_listed(SHARED)}.")
    for own, *others in dict.fromkeys(map(kinds_of, STEPS.values())):
        step = describe_kind(own)
        keys = [key for key in step.keys if key.name not in SHARED]
        names = " or ".join(f"`{name}`" for name in (own, *others))
        lines += [f"\n### {names}\n", f"{' '.join((step.meaning, *step.facts))}\n", *_table(keys)]
        lines += ["\n```yaml", step.example, "```"]
    return "\n".join(lines) + "\n"


def _listed(names: Sequence[str]) -> str:
    """Return names as a sentence has them."""
    *others, last = [f"`{name}`" for name in names]
    return f"{', '.join(others)} and {last}"


def _table(keys: Sequence[Key]) -> Iterator[str]:
    """Yield the lines of a table of a model's keys."""
    if not keys:
        yield "It has no further keys."
        return
    yield "| key | value | default | meaning |"
    yield "| --- | --- | --- | --- |"
    for key in keys:
        default = "**required**" if key.required else ", ".join(f"`{each}`" for each in key.default)
        cells = (f"`{key.name}`", _LINKED.sub(_link, key.value), default, key.meaning)
        yield f"| {' | '.join(map(_cell, cells))} |"


def _link(found: re.Match[str]) -> str:
    """Return the name of a part as a link to what stands of it."""
    name = found[0]
    return f"[{name}](#{'steps' if name == 'step' else name.lower()})"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
