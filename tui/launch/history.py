"""What is known of a run before it begins: the recording that it rehearses, or that travels with its plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.rehearsal.recording import bundled_recording
from tui.run.directories import recording_folder
from tui.run.journal import read_state

if TYPE_CHECKING:
    from tui.launch.launch import Launch
    from tui.run.state import RunState


def recorded_states(launch: Launch) -> list[RunState]:
    """The recorded run that tells how long a run's tasks take; none where there is no recording."""
    name = launch.started.recording
    folder = recording_folder(name) if name else bundled_recording(launch.started.plan)
    try:
        return [read_state(folder)] if folder else []
    except (OSError, LookupError, ValueError):  # somebody has taken it away, or it is damaged
        return []
