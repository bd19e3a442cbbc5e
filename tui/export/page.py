"""A run as a page that needs nothing but a browser: timeline, why, comparison, failures, logs."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from tui.export.bars import DARK, LIGHT
from tui.export.export import Export, Option
from tui.export.exported_run import last_lines
from tui.export.log_excerpt import excerpt, rooms
from tui.export.page_chart import chart
from tui.export.text import markup
from tui.insight.compare import compare_sections, verdict
from tui.insight.why_sections import why_sections
from tui.text import GLYPHS, clock, plain, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tui.export.exported_run import ExportedRun
    from tui.insight.sections import Row, Section
    from tui.run.log.line import LogLine
    from tui.run.state import TaskState

_FILES = Path(__file__).with_name("html")
_MOST_FAILURES = 100


def write(run: ExportedRun, log_kilobytes: int) -> bytes:
    """Return the page.

    It names no address and its policy lets it load none, nor run any script but its own.

    Args:
        run: The run.
        log_kilobytes: How much of the logs it has at most.
    """
    script = (_FILES / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    parts = [
        *_head(run),
        *chart(run),
        *_failures(run),
        *_why(run),
        *_changes(run),
        *_logs(run, log_kilobytes),
    ]
    lines = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{markup(run.verdict[1])}</title>",
        f"<style>{_colours()}{(_FILES / 'page.css').read_text(encoding='utf-8')}</style>",
        "</head><body>",
        *parts,
        f"<footer>Made by bringup {markup(run.started.bringup)} from the journal of run "
        f"{markup(run.started.run)}; times are in seconds since it began.</footer>",
        f'<div id="tip"></div><script>{script}</script></body></html>',
    ]
    return ("\n".join(lines) + "\n").encode(errors="replace")


def _colours() -> str:
    states = "".join(
        f".is-{name}{{--state:var(--{name})}}"
        for name in ("succeeded", "running", "failed", "cancelled", "cut-off", "skipped", "waiting")
    )
    return (
        f":root{{{_variables(LIGHT)}}}"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{_variables(DARK)}}}}}{states}\n"
    )


def _variables(colours: Mapping[str, str]) -> str:
    return "".join(f"--{name}:{value};" for name, value in colours.items())


def _head(run: ExportedRun) -> Iterator[str]:
    status, outcome = run.verdict
    yield f'<header class="verdict is-{status}"><h1>{GLYPHS.get(status, "")} {markup(outcome)}</h1>'
    facts = "".join(f"<div><dt>{name}</dt><dd>{markup(fact)}</dd></div>" for name, fact in run.facts.items())
    yield f'<dl class="facts">{facts}</dl></header>'
    yield from (f'<p class="remark">{markup(remark)}</p>' for remark in run.remarks)
    for warned in run.state.warnings[:_MOST_FAILURES]:
        task = run.state.tasks.get(warned.task)
        yield f'<p class="remark">! {markup(f"{task.title}: " if task else "")}{markup(warned.text)}</p>'


def _failures(run: ExportedRun) -> Iterator[str]:
    failed = [task for task in run.state.with_status("failed") if task.attempt and task.attempt.failure]
    if not failed:
        return
    yield f"<section><h2>Failures <small>{plural(len(failed), 'task')}</small></h2>"
    for task in failed[:_MOST_FAILURES]:
        yield from _failure(run, task)
    if len(failed) > _MOST_FAILURES:
        yield f"<p>and {len(failed) - _MOST_FAILURES} more</p>"
    yield "</section>"


def _failure(run: ExportedRun, task: TaskState) -> Iterator[str]:
    failure = task.attempt.failure if task.attempt else None
    assert failure is not None
    at = clock(task.attempts[-1].end(run.now))
    tries = f", attempt {len(task.attempts)}" if len(task.attempts) > 1 else ""
    step = f"step {failure.step + 1}, {failure.title}, at {at}{tries}"
    yield f'<div class="failure"><h3>{markup(task.title)} <small>{markup(step)}</small></h3>'
    yield f"<p>{markup(failure.cause)}</p>"
    if failure.hint:
        yield f'<p class="hint">hint: {markup(failure.hint)}</p>'
    if told := last_lines(failure):
        yield f"<pre>{''.join(_line(text) for text in told)}</pre>"
    yield "</div>"


def _line(text: str, source: str = "") -> str:
    said = f' data-s="{markup(source)}"' if source else ""
    return f'<span class="line"{said}>{markup(plain(text))}</span>'


def _why(run: ExportedRun) -> Iterator[str]:
    yield f"<section><h2>Why it took that long</h2><p>{markup(run.why.verdict)}</p>"
    yield '<div class="columns">'
    yield from (_section(section) for section in why_sections(run.why, run.state))
    yield "</div></section>"


def _section(section: Section) -> str:
    titles = "".join(f'<th class="number">{markup(title)}</th>' for title in section.columns)
    head = f"<tr>{titles}<th></th></tr>" if titles else ""
    in_shares = any(row.share is not None for row in section.rows)
    rows = "".join(_why_row(row, len(section.columns), in_shares) for row in section.rows)
    wide = " wide" if titles else ""
    return (
        f'<div class="scroll{wide}"><h3>{markup(section.title)} <small>{markup(section.note)}</small></h3>'
        f"<table>{head}{rows}</table></div>"
    )


def _why_row(row: Row, columns: int, in_shares: bool) -> str:
    share = "" if row.share is None else f'<i style="width:{min(max(row.share, 0), 1) * 100:.1f}%"></i>'
    at = "" if row.at is None else clock(row.at)
    tone = f' class="{row.tone}"' if row.tone else ""
    note = f" <span{tone}>{markup(row.note)}</span>" if row.note else ""
    text = f"<span{tone}>{markup(row.text)}</span>" if tone and not row.note else markup(row.text)
    deep = ' class="deep"' if row.depth else ""
    cells = [*row.cells, *[""] * (columns - len(row.cells))] if columns else [at]
    numbers = "".join(f'<td class="number">{markup(cell)}</td>' for cell in cells)
    bar = f'<td class="share">{share}</td>' if in_shares else ""
    amount = "" if columns else f'<td class="number">{markup(row.amount)}</td>'
    return f"<tr{deep}>{numbers}<td>{text}{note}</td>{bar}{amount}</tr>"


def _changes(run: ExportedRun) -> Iterator[str]:
    told = run.comparison
    if told is None:
        return
    yield f"<section><h2>Against the last good run</h2><p>{markup(verdict(told))}</p>"
    yield '<div class="columns">'
    yield from (_section(section) for section in compare_sections(told))
    yield "</div></section>"


def _logs(run: ExportedRun, kilobytes: int) -> Iterator[str]:
    paths = {id_: path for id_ in run.state.tasks if (path := run.log(id_))}
    # A line's markup takes half as much again as its text.
    room = rooms({id_: path.stat().st_size for id_, path in paths.items()}, kilobytes * 1000)
    if not paths:
        return
    yield '<section><h2>Logs <small id="found"></small><span class="tools">'
    yield '<input id="search" type="search" placeholder="Search the logs" aria-label="Search the logs">'
    yield "</span></h2>"
    for id_, path in paths.items():
        yield from _log(run.state.tasks[id_], path, room[id_])
    yield "</section>"


def _log(task: TaskState, path: Path, room: int) -> Iterator[str]:
    log = excerpt(path, room)
    size = f"{log.size / 1000:,.1f} kB"
    part = f"{size}, {log.left_out / 1000:,.1f} kB of it left out" if log.left_out else size
    is_open = " open" if task.status == "failed" else ""
    yield (
        f'<details class="log is-{task.status}"{is_open}><summary><span><span class="glyph">'
        f"{GLYPHS[task.status]}</span>{markup(task.title)}</span><small>{part}</small></summary><pre>"
    )
    yield from _lines(log.begin)
    if log.left_out:
        yield (
            f'<span class="left-out">… {log.left_out / 1000:,.1f} kB are left out here, '
            f"which the run's own log has: logs/{markup(task.id)}.log</span>"
        )
    yield from _lines(log.end)
    yield "</pre></details>"


def _lines(lines: Iterable[LogLine]) -> Iterator[str]:
    if text := "".join(_line(line.text, line.source) for line in lines):
        yield text


EXPORT = Export(
    "html",
    "a page with timeline, why and logs, that needs only a browser",
    write,
    [Option("log_kilobytes", 400, "How much of the logs it has at most.")],
)
