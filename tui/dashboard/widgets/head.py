"""The head: what runs where and how, since when and how long yet, and what concurrency gained."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tui.dashboard.ansi import clean
from tui.dashboard.fit import fit_parts
from tui.text import GLYPHS, clock, plural, seconds

if TYPE_CHECKING:
    from tui.dashboard.fit import Part
    from tui.dashboard.frame import Frame
    from tui.insight.concurrency_gain import ConcurrencyGain
    from tui.run.state import Status


class Head(Widget):
    """Shows a run's facts in one line; the narrower it is, the fewer.

    Attributes:
        frame: What is shown.
        gain: What running tasks at once gained, told once all has succeeded.
    """

    DEFAULT_CSS = """
    Head {
        height: 1;
        background: $panel;
        & > .head--name { text-style: bold; }
        & > .head--quiet { color: $quiet; }
        & > .head--mode { text-style: bold; }
        & > .head--mark { text-style: bold reverse; }
        & > .head--rehearsal { color: $quiet; text-style: reverse; }
        & > .head--succeeded { color: $done; text-style: bold; }
        & > .head--failed { color: $failed; text-style: bold; }
        & > .head--cancelled { text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"head--{name}"
        for name in ("name", "quiet", "mode", "mark", "rehearsal", "succeeded", "failed", "cancelled")
    }

    frame: reactive[Frame | None] = reactive(None, repaint=False, init=False)
    gain: reactive[ConcurrencyGain | None] = reactive(None, repaint=False, init=False)

    def __init__(self) -> None:
        super().__init__()
        self._parts: tuple[list[list[Part]], list[list[Part]]] = ([], [])

    def watch_frame(self) -> None:
        """Draw again what reads different."""
        self._tell()

    def watch_gain(self) -> None:
        """Draw again what reads different."""
        self._tell()

    def _tell(self) -> None:
        frame = self.frame
        parts = ([], []) if frame is None else (_what(frame), _how(frame, self.gain))
        if parts != self._parts:
            self._parts = parts
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return the line: as many facts as find room, those that matter most first."""
        width = self.size.width
        left, right = map(list, self._parts)
        while _width(left, "  ") + _width(right, " · ") + 4 > width and len(left) + len(right) > 2:
            if len(right) > 3 or (len(left) < 3 and len(right) > 1):
                right.pop()
            else:
                left.pop(0 if len(left) > 2 else -1)
        begin = [(" ", ""), *_joined(left, "  ")]
        end = [*_joined(right, " · "), (" ", "")]
        room = width - sum(cell_len(text) for text, _ in begin + end)
        parts = [*begin, (" " * max(room, 1), ""), *end]
        style = self.rich_style
        segments = [
            Segment(text, self.get_component_rich_style(f"head--{kind}") if kind else style)
            for text, kind in fit_parts(parts, width)
        ]
        return Strip(segments).adjust_cell_length(width, style)


def _width(facts: list[list[Part]], between: str) -> int:
    return sum(cell_len(text) for fact in facts for text, _ in fact) + len(between) * max(len(facts) - 1, 0)


def _joined(facts: list[list[Part]], between: str) -> list[Part]:
    joined: list[Part] = []
    for fact in facts:
        joined += [(between, "quiet"), *fact] if joined else fact
    return joined


def _what(frame: Frame) -> list[list[Part]]:
    """Return what runs, and where; the first fact is the first to go."""
    started = frame.state.started
    facts: list[list[Part]] = [[("bringup", "quiet")], [(clean(frame.name), "name")]]
    if started is None:
        return [*facts, [("opening …", "quiet")]]
    if started.environment == "rehearsal":
        speed = f" ×{started.speed:g}" if started.speed != 1.0 else ""
        facts.append([(f" REHEARSAL{speed} ", "rehearsal")])
    else:
        facts.append([(f"{started.environment} · {clean(started.where)}", "quiet")])
    return facts


def _how(frame: Frame, gain: ConcurrencyGain | None = None) -> list[list[Part]]:
    """Return how it goes; the last fact is the first to go."""
    state = frame.state
    if state.started is None:
        return []
    facts: list[list[Part]] = [[(state.mode.upper(), "mode")]]
    if state.cancelling and not frame.finished:
        facts[0] += [(" ", ""), (" STOPPING ", "mark")]
    elif state.paused and not frame.finished:
        facts[0] += [(" ", ""), (" PAUSED ", "mark")]
    facts.append([_outcome(frame) if frame.finished else (clock(frame.worked), "")])
    if not frame.finished and (left := _left(frame)):
        facts.append([(left, "")])
    if gain is not None and frame.finished and not _lost(frame):
        facts.append([(f"{gain.times} as sequential", "quiet")])
    return facts


def _outcome(frame: Frame) -> Part:
    for status, count in _lost(frame).items():
        return f"{GLYPHS[status]} {plural(count, 'task')} {status} after {seconds(frame.worked)}", status
    return f"{GLYPHS['succeeded']} up in {seconds(frame.worked)}", "succeeded"


def _lost(frame: Frame) -> dict[Status, int]:
    """Return how many tasks failed and were cancelled, where any did."""
    statuses: tuple[Status, ...] = ("failed", "cancelled")
    return {status: count for status in statuses if (count := len(frame.state.with_status(status)))}


def _left(frame: Frame) -> str:
    """Return how long it will still take, as far as that is known."""
    if frame.forecast is None or not frame.expectation.seconds:
        return ""
    left = frame.forecast.remaining(frame.now)
    about = "about" if frame.forecast.complete else "at least"
    return f"{about} {clock(left)} left" if left >= 1 else "any moment now"
