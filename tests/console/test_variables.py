from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui.console.variables import written
from tui.errors import BringupError

HOSTILE = [
    "", " ", "plain", "it's", '"', "'\"'\"'", "$HOME ${HOME} $(id) `id`", "\\", "\\'", "a\\nb", "1\n2\n",
    "-e", "~", "*", "#x", "a=b", "!!", "‘’‚‛", '{"a": 1}', "é ✓ 😀", "\t", "%PATH%", ";id", "&", "\r\n",
]  # fmt: skip
SHELLS = [("sh", "sh"), ("sh", "bash"), ("sh", "zsh"), ("fish", "fish")]


def _read_back(program: str, text: str, names: list[str]) -> list[str]:
    """The values that a shell gives programs once it has run a text."""
    separated = f"{text}\nprintenv -0 {' '.join(names)}"
    done = subprocess.run([program], input=separated.encode(), capture_output=True, check=True, timeout=20)
    return done.stdout.decode().split("\0")[: len(names)]


@pytest.mark.parametrize(("shell", "program"), SHELLS)
def test_shells_read_hostile_values_as_they_are(shell: str, program: str) -> None:
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    variables = {f"V{number}": value for number, value in enumerate(HOSTILE)}
    assert _read_back(program, written(variables, shell), [*variables]) == HOSTILE


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=20))
def test_a_shell_reads_any_text_as_it_is(values: list[str]) -> None:
    variables = {f"V{number}": value for number, value in enumerate(values)}
    assert _read_back("sh", written(variables, "sh"), [*variables]) == values
    assert json.loads(written(variables, "json")) == variables


def test_powershell_takes_any_quote_for_an_end() -> None:
    assert written({"A": "it's ‘x’ $y"}, "powershell") == "$env:A = 'it''s ‘‘x’’ $y'"


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("http://127.0.0.1:80/x", "A=http://127.0.0.1:80/x"),
        ("two words $HOME", "A='two words $HOME'"),
        ("it's", 'A="it\'s"'),
        ("a\nb'c", 'A="a\\nb\'c"'),
        ("a\\b", "A='a\\b'"),
        ("", "A=''"),
    ],
)
def test_a_dotenv_line_is_one_that_all_readers_take_alike(value: str, line: str) -> None:
    assert written({"A": value}, "dotenv") == line


@pytest.mark.parametrize(
    "value", ["it's $HOME", "${HOME}", "$x\n", "it's \"", "a\\", "a\\\\b", "a\\\n", "a\r"]
)
def test_what_no_dotenv_line_says_is_refused(value: str) -> None:
    with pytest.raises(BringupError, match="says A to all") as caught:
        written({"A": value}, "dotenv")
    assert caught.value.hint == "use --shell json"
