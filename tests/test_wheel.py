"""The wheel: works from any folder, with all that travels in it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(folder.glob("bringup-*.whl"))) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def bringup(unpacked: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "tui", *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=50,
        check=False,
        env={**os.environ, "PYTHONPATH": str(unpacked)},
    )


def test_it_holds_what_the_bundled_plan_needs(unpacked: Path) -> None:
    travelling = {str(path.relative_to(ROOT)) for path in (ROOT / "manifests").rglob("*") if path.is_file()}
    travelling = {path for path in travelling if "__pycache__" not in path}
    assert "manifests/shared/data-storage/.dockerignore" in travelling
    assert {path for path in travelling if not (unpacked / "tui" / path).is_file()} == set()
    assert (unpacked / "tui" / "rehearsal" / "recordings" / "workflowexecution" / "events.jsonl").is_file()
    assert (unpacked / "tui" / "py.typed").is_file()
    assert (unpacked / "tui" / "plan" / "reference.md").is_file()
    assert (unpacked / "tui" / "export" / "html" / "page.js").is_file()


def test_it_shows_the_bundled_plan_from_any_folder(unpacked: Path, tmp_path: Path) -> None:
    done = bringup(unpacked, tmp_path, "plan", "show")
    assert done.returncode == 0, done.stderr
    assert str(unpacked) in done.stdout
    assert "Tekton Pipelines" in done.stdout


def test_it_shows_a_bundled_plan_that_includes_others(unpacked: Path, tmp_path: Path) -> None:
    done = bringup(unpacked, tmp_path, "plan", "show", "gateway-hybrid")
    assert done.returncode == 0, done.stderr
    assert "Load Data Storage" in done.stdout


def test_it_rehearses_the_bundled_plan_from_any_folder(unpacked: Path, tmp_path: Path) -> None:
    done = bringup(unpacked, tmp_path, "up", "--env", "rehearsal", "--speed", "100")
    assert done.returncode == 0, done.stderr
    assert "REHEARSAL: nothing is created" in done.stdout
    assert "rehearsed: nothing was created" in done.stdout
