"""Imports of a library without the parts of it that nobody uses."""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec, module_from_spec
from typing import Any


def import_lean(name: str, *, without: tuple[str, ...]) -> Any:
    """Import a module without running the `__init__` of packages that import all there is.

    Where the module, or what it imports, needs what those packages import, it is imported as usual.

    Args:
        name: The module's full name.
        without: The packages, outer ones first; they stay empty for the rest of the process.

    Raises:
        ImportError: There is no such module.
    """
    root = without[0]
    if root not in sys.modules:
        try:
            for package in without:
                _place_empty(package)
            return importlib.import_module(name)
        except (ImportError, AttributeError):
            for each in [each for each in sys.modules if each == root or each.startswith(f"{root}.")]:
                del sys.modules[each]
    return importlib.import_module(name)


def _place_empty(package: str) -> None:
    """Have a package stand imported, so that its modules can be, without having run it."""
    spec = find_spec(package)
    if spec is None:
        raise ImportError(f"there is no {package}", name=package)
    sys.modules[package] = module = module_from_spec(spec)
    parent, _, child = package.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)
