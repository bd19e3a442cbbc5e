"""What is told of a first plan: what it uses, what it leaves out, and what to do next."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from tui.console.plan_tree import remarks as remark_lines
from tui.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tui.console.style import Style
    from tui.plan.lint import Remark
    from tui.starter.draft import Draft

_MOST_TOLD = 12


def told(
    draft: Draft, path: Path, kept: Path | None, remarks: Sequence[Remark], style: Style
) -> Iterator[str]:
    """Yield the lines that tell what was written.

    Args:
        draft: What the plan does.
        path: The plan's file.
        kept: The other name of the file that was there before, if one was.
        remarks: What lint says of the plan.
        style: Colours or none.
    """
    wide = min(max((len(where) for where, _ in draft.used), default=0), 50)
    yield style("used" if draft.used else "nothing was found that a plan could use", "strong")
    yield from _most([f"  {one_line(where):<{wide}}  {what}" for where, what in draft.used])
    if draft.left:
        yield style("left out", "strong")
        yield from _most([f"  {one_line(line)}" for line in draft.left_out()])
    if kept is not None:
        yield f"{path} was there, and is {kept} now"
    yield style(f"wrote {path}", "strong")
    yield from (f"  {line}" for line in remark_lines(remarks, style))
    plan = (
        ""
        if path.name == "bringup.yaml" and path.parent == path.parent.parent
        else f" {shlex.quote(os.fspath(path))}"
    )
    yield style("next", "strong")
    yield f"  read it, and change what is not as you want it: {path}"
    yield f"  bringup up{plan} --env rehearsal   shows how it will go, and touches nothing"
    yield f"  bringup up{plan}   brings it up; `bringup down{plan}` takes it away again"


def _most(lines: Sequence[str]) -> Iterator[str]:
    yield from lines[:_MOST_TOLD]
    if len(lines) > _MOST_TOLD:
        yield f"  and {len(lines) - _MOST_TOLD:,} more"
