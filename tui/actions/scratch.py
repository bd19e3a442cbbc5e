"""Folders for what a step needs only while it runs."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def scratch_folder(parent: Path) -> AsyncIterator[Path]:
    """A folder of the user's alone, gone with all that is in it when the block ends.

    Args:
        parent: Where it is made; made itself if need be.
    """
    folder = await asyncio.to_thread(_make, parent)
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _make(parent: Path) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="step-", dir=parent))
