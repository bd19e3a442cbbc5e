"""Start-up is light: what a command does not use, it does not load."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

CLIENTS = frozenset({"aiodocker", "aiohttp", "asyncpg", "asyncssh", "kubernetes_asyncio"})
SCREEN = frozenset({"rich", "textual"})
PARSERS = frozenset({"pathspec", "pydantic", "yaml"})
OPTIONAL = frozenset({"asyncssh"})  # of an extra that need not be installed

_SAY_MODULES = "import sys; import {}; print(*{{name.partition('.')[0] for name in sys.modules}})"


def loaded_by(module: str) -> set[str]:
    """The top-level packages that a fresh interpreter has loaded after importing one module."""
    argv = [sys.executable, "-c", _SAY_MODULES.format(module)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("module", "kept_out"),
    [
        ("tui.cli", CLIENTS | SCREEN | PARSERS),
        ("tui.plan.load", CLIENTS | SCREEN),
        ("tui.launch.launch", CLIENTS | SCREEN),
        ("tui.launch.request", CLIENTS | SCREEN | {"pydantic"}),
        ("tui.cluster.containers.provider", SCREEN | {"kubernetes_asyncio"}),
        ("tui.doctor", CLIENTS | SCREEN | PARSERS),
        ("tui.doctor.standing", CLIENTS | SCREEN),
        ("tui.views.loop", CLIENTS | SCREEN | PARSERS),
        ("tui.export.page", CLIENTS | SCREEN | PARSERS),
        ("tui.dashboard.app", CLIENTS | PARSERS),
        ("tui.dashboard.frame", CLIENTS | SCREEN | PARSERS),
    ],
)
def test_importing_loads_no_heavy_library(module: str, kept_out: frozenset[str]) -> None:
    loaded = loaded_by(module)
    assert "tui" in loaded
    assert not loaded & kept_out


@pytest.mark.parametrize("name", sorted((CLIENTS | SCREEN | PARSERS) - OPTIONAL))
def test_the_libraries_that_are_kept_out_exist(name: str) -> None:
    assert importlib.util.find_spec(name) is not None


def test_the_first_frame_waits_for_no_plan_to_be_checked() -> None:
    asking = "tui.cli.up; tui.cli.up.asked(fail=(), only=()); import tui.views.dashboard, tui.dashboard.app"
    loaded = loaded_by(f"{asking}, tui.launch.run_handle, tui.plan.include")
    assert {"textual", "yaml"} <= loaded
    assert not loaded & (CLIENTS | {"pathspec", "pydantic"})


def test_the_api_client_leaves_the_librarys_typed_models_alone() -> None:
    module = "tui.clients.kubernetes.api"
    argv = [sys.executable, "-c", f"import sys, {module}; print(*sys.modules)"]
    loaded = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()
    assert "kubernetes_asyncio.client.api_client" in loaded
    assert len([name for name in loaded if name.startswith("kubernetes_asyncio")]) < 20


def test_what_is_loaded_is_seen() -> None:
    assert "yaml" in loaded_by("tui.plan.document")
