"""What an export is: a function from a run to bytes, its options, its file ending."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.export.exported_run import ExportedRun


@dataclass(frozen=True, slots=True)
class Option:
    """An option of an export.

    Attributes:
        name: What the function calls it.
        default: Its value where none is given, which tells its type too.
        about: What it does.
        choices: The values that it may have; none where any may be given.
        least: The least number that it may be.
    """

    name: str
    default: int | str
    about: str
    choices: Sequence[str] = ()
    least: int = 0


@dataclass(frozen=True, slots=True)
class Export:
    """A way to write a run down.

    Attributes:
        ending: How its files' names end.
        about: What it is for.
        make: Returns the bytes of a run's file; takes the options by name.
        options: Its options.
        is_text: Whether a terminal can show it.
    """

    ending: str
    about: str
    make: Callable[..., bytes]
    options: Sequence[Option] = ()
    is_text: bool = True

    def of(self, run: ExportedRun, **given: int | str) -> bytes:
        """Return the bytes of a run's file.

        Raises:
            BringupError: What it needs is not there.
        """
        return self.make(run, **{option.name: option.default for option in self.options} | given)
