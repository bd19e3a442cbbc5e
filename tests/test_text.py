"""Other people's text, as every surface shows it."""

from __future__ import annotations

import pytest

from tui.text import plain, title_and_cause


def test_nothing_turns_moves_or_hides_what_follows() -> None:
    assert plain("a\u202eb\u2066c\u2069\x1b[2Jd\x00e\x9bf") == "abcdef"
    assert plain("👩\u200d🔧\tשלום é") == "👩\u200d🔧\tשלום é"


@pytest.mark.parametrize(
    ("title", "cause", "told"),
    [
        ("command exit 3", "exit 3 exited with status 3", "command exit 3 exited with status 3"),
        ("image.pull a b:7", "b:7 could not be pulled", "image.pull a b:7 could not be pulled"),
        ("Seed", "exit 3 exited with status 3", "Seed: exit 3 exited with status 3"),
        ("pull a", "apples are out", "pull a: apples are out"),
    ],
)
def test_what_failed_is_said_once(title: str, cause: str, told: str) -> None:
    assert title_and_cause(title, cause) == told
