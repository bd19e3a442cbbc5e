"""The scripts that run on a machine over SSH, each alone."""

from __future__ import annotations

import subprocess

import pytest

from tui.hosts.ssh import remote_shell


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize(
    ("processes", "groups"),
    [
        ("$$ 1 7\n50 $$ 50\n51 50 50", ""),
        ("$$ 1 7\n50 $$ 7\n51 50 7", ""),  # the program is about to get a session of its own
        ("$$ 1 7\n50 $$ 50\n51 50 51\n52 51 51\n53 52 53", " -51 -53"),
        ("$$ 1 7\n53 52 53\n52 51 52\n51 50 50\n50 $$ 50", " -52 -53"),
        ("$$ 1 7\n50 $$ 50\n51 1 50\n52 51 52\n60 1 60\n61 60 61", " -52"),
        ("$$ 1 7\n50 $$ 50\n51 50 0\n52 50 1", ""),
        ("", ""),
    ],
)
def test_the_groups_of_descendants_are_those_that_they_made(shell: str, processes: str, groups: str) -> None:
    script = f'group=50; ps() {{ echo "{processes}"; }}\n{remote_shell._DESCENDANTS}\necho "$others"'
    done = subprocess.run([shell, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == f"{groups}\n"
