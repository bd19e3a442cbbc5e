"""Other people's text, as every surface shows it."""

from __future__ import annotations

from tui.text import plain


def test_nothing_turns_moves_or_hides_what_follows() -> None:
    assert plain("a\u202eb\u2066c\u2069\x1b[2Jd\x00e\x9bf") == "abcdef"
    assert plain("👩\u200d🔧\tשלום é") == "👩\u200d🔧\tשלום é"
