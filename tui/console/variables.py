"""Environment variables in the words of shells and of what else reads them."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

from tui.errors import BringupError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PLAIN = re.compile(r"[\w./:@%+,-]+", re.ASCII)
_POWERSHELL_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")


def _sh(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(value)}"


def _fish(name: str, value: str) -> str:
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"set -gx {name} '{quoted}'"


def _powershell(name: str, value: str) -> str:
    doubled = _POWERSHELL_QUOTES.sub(r"\1\1", value)  # curly quotes end a text too
    return f"$env:{name} = '{doubled}'"


def _dotenv(name: str, value: str) -> str:
    """Return a line that Docker Compose, python-dotenv and Node.js read alike.

    Raises:
        BringupError: There is none.
    """
    if _PLAIN.fullmatch(value):
        return f"{name}={value}"
    if not any(part in value for part in ("${", "'", "\\\\", "\n", "\r")) and not value.endswith("\\"):
        return f"{name}='{value}'"
    if not set(value) & set('$"\\\r'):
        escaped = value.replace("\n", "\\n")
        return f'{name}="{escaped}"'
    cause = f"no line of a .env file says {name} to all that read such files: it mixes quotes, $ and \\"
    raise BringupError(cause, "use --shell json")


_FORMS: dict[str, Callable[[str, str], str]] = {
    "sh": _sh,
    "fish": _fish,
    "powershell": _powershell,
    "dotenv": _dotenv,
}
SHELLS = (*_FORMS, "json")
"""What variables can be written for."""


def written(variables: Mapping[str, str], shell: str) -> str:
    """Return the text that sets variables in a shell, or that a program reads them from.

    Args:
        variables: Their values by their names, which are those of a shell's variables.
        shell: One of `SHELLS`.

    Raises:
        BringupError: One cannot be written so.
    """
    if shell == "json":
        return json.dumps(dict(variables), indent=2, ensure_ascii=False)
    return "\n".join(_FORMS[shell](name, value) for name, value in variables.items())
