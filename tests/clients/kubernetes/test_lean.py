"""Importing a library without the parts of it that nobody uses."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tui.clients.kubernetes.lean import import_lean

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGES = ("leanlib", "leanlib.client", "leanlib.client.models")


@pytest.fixture(autouse=True)
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for package in PACKAGES:
        folder = tmp_path / package.replace(".", "/")
        folder.mkdir()
        (folder / "__init__.py").write_text("SIZE = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "leanlib"
    for name in [name for name in sys.modules if name.partition(".")[0] == "leanlib"]:
        del sys.modules[name]


def test_a_module_is_had_without_its_packages(library: Path) -> None:
    (library / "client/calls.py").write_text(
        "import leanlib.client.models\nfrom leanlib.client import rest\n"
    )
    (library / "client/rest.py").write_text("name = 'rest'\n")
    (library / "client/models/__init__.py").write_text("raise MemoryError\n")
    calls = import_lean("leanlib.client.calls", without=PACKAGES)
    assert calls.rest.name == "rest"
    assert calls.leanlib.client.models.__name__ == "leanlib.client.models"


@pytest.mark.parametrize(
    "needs", ["from leanlib.client import SIZE", "import leanlib\nSIZE = leanlib.client.models.SIZE"]
)
def test_what_has_come_to_need_its_packages_gets_them(library: Path, needs: str) -> None:
    (library / "__init__.py").write_text("import leanlib.client\n")
    (library / "client/__init__.py").write_text("SIZE = 3\nimport leanlib.client.models\n")
    (library / "client/calls.py").write_text(f"{needs}\n")
    assert import_lean("leanlib.client.calls", without=PACKAGES).SIZE == 3


def test_what_is_imported_already_is_used_as_it_is(library: Path) -> None:
    import leanlib.client.models  # type: ignore[import-not-found]

    (library / "client/calls.py").write_text("from leanlib.client.models import SIZE\n")
    calls = import_lean("leanlib.client.calls", without=PACKAGES)
    assert (calls.SIZE, sys.modules["leanlib"]) == (3, leanlib)


def test_a_module_that_is_not_there_is_missed() -> None:
    with pytest.raises(ModuleNotFoundError):
        import_lean("leanlib.client.calls", without=PACKAGES)
