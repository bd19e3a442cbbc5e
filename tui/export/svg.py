"""A run as a picture: its tasks as bars on a time axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.export.bars import DARK, LIGHT, ahead_tip, ticks, tip
from tui.export.export import Export, Option
from tui.export.text import markup
from tui.insight.time_axis import run_scale
from tui.text import GLYPHS, cut, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tui.export.exported_run import ExportedRun
    from tui.insight.time_axis import Scale
    from tui.run.state import TaskState

_ROW, _HEAD, _EDGE = 24, 74, 16
_LETTER = 7.2  # pixels of a letter, more or less
_LONGEST_NAME = 44

_STYLE = """
text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
.small{font-size:11.5px}.title{font-size:17px;font-weight:600}.phase{font-weight:600}
.pause{opacity:.5}.ahead{opacity:.45}.critical{stroke-width:1.5}
"""


def write(run: ExportedRun, width: int, theme: str, rows: int) -> bytes:
    """Return the picture.

    Args:
        run: The run.
        width: Pixels across.
        theme: `light`, `dark`, or `auto` for what the reader's system has.
        rows: Most tasks that are drawn: the longest ones.
    """
    return draw(run, width, theme, rows).encode(errors="replace")


def draw(run: ExportedRun, width: int, theme: str, rows: int) -> str:
    """Return the picture's text; see `write`."""
    tasks = list(run.state.tasks.values())
    chosen = sorted(tasks, key=lambda task: -task.seconds(run.now))[:rows]
    shown = {task.id for task in chosen}
    names = max((len(_name(task)) for task in chosen), default=0) * _LETTER + 2 * _EDGE + 16
    left = min(names, width / 2)
    scale = run_scale(run.state, max(round(width - left - _EDGE - 56), 1), run.now)
    body, y = [], float(_HEAD + 14 * len(run.remarks))
    top = y
    for number, phase in enumerate(run.started.phases, 1):
        of_phase = [run.state.tasks[outline.id] for outline in phase.tasks if outline.id in shown]
        if not of_phase:
            continue
        body.append(_text(_EDGE, y + 16, f"{number} {cut(phase.title, _LONGEST_NAME)}", "phase"))
        y += _ROW
        for task in of_phase:
            body += _row(run, task, scale, left, y)
            y += _ROW
    height = round(y + 34)
    facts = " · ".join([run.facts[name] for name in ("run", "mode", "environment", "started")])
    notes = [*run.remarks]
    if len(shown) < len(tasks):
        notes.append(f"the {len(shown)} longest of {len(tasks):,} tasks")
    status, verdict = run.verdict
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-label="{markup(verdict)}">',
        f"<style>{_STYLE}{_theme(theme)}</style>",
        f'<rect width="{width}" height="{height}" class="page"/>',
        _text(_EDGE, 28, f"{GLYPHS[status]} {verdict}", "title"),
        _text(_EDGE, 47, facts, "small"),
        *(_text(_EDGE, 62 + 14 * i, note, "small") for i, note in enumerate(notes[: len(run.remarks)])),
        *_axis(scale, left, top, height),
    ]
    foot = [*notes[len(run.remarks) :], "◆ decides when the run ends"]
    return "\n".join([*head, *body, _text(_EDGE, height - 12, " · ".join(foot), "small"), "</svg>", ""])


def _theme(theme: str) -> str:
    """Return the colours; without variables, which most programs that draw svg do not know."""
    colours = _colours(DARK if theme == "dark" else LIGHT)
    dark = f"\n@media (prefers-color-scheme: dark){{{_colours(DARK)}}}" if theme == "auto" else ""
    return f"{colours}{dark}"


def _colours(of: Mapping[str, str]) -> str:
    fills = "".join(f".{name}{{fill:{of[name]}}}" for name in of if name not in {"text", "page", "line"})
    return (
        f"text{{fill:{of['text']}}}.small{{fill:{of['dim']}}}.page{{fill:{of['page']}}}"
        f".line{{stroke:{of['line']}}}.pause{{fill:{of['line']}}}.seam{{stroke:{of['page']}}}"
        f".critical{{stroke:{of['text']}}}{fills}"
    )


def _name(task: TaskState) -> str:
    return cut(markup(task.title), _LONGEST_NAME)


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "start") -> str:
    anchored = f' text-anchor="{anchor}"' if anchor != "start" else ""
    named = f' class="{style}"' if style else ""
    return f'<text x="{x:g}" y="{y:g}"{named}{anchored}>{markup(text)}</text>'


def _row(run: ExportedRun, task: TaskState, scale: Scale, left: float, y: float) -> Iterator[str]:
    mark = "◆ " if task.id in run.critical else ""
    word = run.word(task)
    glyph = GLYPHS.get(word, GLYPHS[task.status])
    yield _text(_EDGE + 10, y + 16, f"{glyph} {mark}{cut(task.title, _LONGEST_NAME)}")
    end = left
    for ahead in task.prefetches if scale.per_column else ():
        start, end = (left + scale.at(time) for time in (ahead.started, ahead.end(run.now)))
        yield (
            f'<rect x="{start:.1f}" y="{y + 8}" width="{max(end - start, 2):.1f}" height="8" rx="3" '
            f'class="{ahead.outcome or "running"} ahead"><title>{ahead_tip(run, ahead)}</title></rect>'
        )
    for attempt in task.attempts if scale.per_column else ():
        start, end = (left + scale.at(time) for time in (attempt.started, attempt.end(run.now)))
        status = word if word == "cut off" else attempt.outcome or task.status
        style = status.replace(" ", "-") + (" critical" if task.id in run.critical else "")
        yield (
            f'<rect x="{start:.1f}" y="{y + 4}" width="{max(end - start, 2):.1f}" height="16" rx="3" '
            f'class="{style}"><title>{tip(run, task, attempt)}</title></rect>'
        )
        for step in attempt.steps[1:]:
            at = left + scale.at(step.started)
            yield f'<path class="seam" d="M{at:.1f} {y + 4}v16"/>'
        if attempt.outcome == "failed":
            yield _text(end + 2, y + 16, "✗")
            end += 12
    said = seconds(task.seconds(run.now)) if task.attempts else word
    yield _text(end + 6, y + 16, said, "small")


def _axis(scale: Scale, left: float, top: float, height: float) -> Iterator[str]:
    for place, label in ticks(scale, 70):
        x = left + place
        yield f'<path class="line" d="M{x:.1f} {top}V{height - 28}"/>'
        yield _text(x, top - 4, label, "small", "middle")
    for each in scale.breaks:
        x, end = left + scale.at(each.start), left + scale.at(each.end)
        yield (
            f'<rect class="pause" x="{x:.1f}" y="{top}" width="{max(end - x, 3):.1f}" '
            f'height="{height - 28 - top}">'
            f"<title>nothing ran for {seconds(each.end - each.start)}</title></rect>"
        )


PICTURE = (
    Option("width", 1000, "Pixels across.", least=320),
    Option("theme", "auto", "Colours; auto: as the reader's system has it.", ("auto", "light", "dark")),
    Option("rows", 500, "The most tasks that are drawn, the longest ones.", least=1),
)
"""The options of a picture."""

EXPORT = Export("svg", "the timeline as a picture, for a README or a pull request", write, PICTURE)
