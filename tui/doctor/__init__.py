"""The doctor: is a machine ready for a plan, and what to do if not."""

from __future__ import annotations

from tui.doctor.examine import examine
from tui.doctor.finding import Finding

__all__ = ["Finding", "examine"]
