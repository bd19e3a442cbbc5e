"""The page in a real browser: it draws itself, loads nothing, and answers pointer, keys and search."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.chromium import browsing, needs_chromium, tab, wrong
from tests.export.making import HOSTILE, came_up, exported, hostile
from tui.export import find_export

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.e2e, needs_chromium]


@pytest.fixture
def pages(tmp_path: Path) -> dict[str, Path]:
    """The pages of a run that came up, and of one whose texts are hostile."""
    found = {}
    for name, events in (("up", came_up()), ("hostile", hostile())):
        found[name] = tmp_path / f"{name}.html"
        found[name].write_bytes(find_export("html").of(exported(events, tmp_path / name, good=True)))
    return found


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[str]:
    with browsing(tmp_path) as address:
        yield address


async def test_it_works_in_a_browser_and_asks_for_nothing(pages: dict[str, Path], browser: str) -> None:
    file = pages["up"]
    async with tab(browser) as page:
        await page.open(file.as_uri())
        width = "document.querySelector('.axis .track').getBoundingClientRect().width"
        before = await page.run(width)
        await page.run("document.querySelector('#in').click()")
        assert await page.run(width) > 1.9 * before
        await page.run("document.querySelector('#fit').click()")
        assert await page.run(width) == before
        x, y = await page.run(
            "(({x, y, width, height}) => [x + width / 2, y + height / 2])"
            "(document.querySelector('.bar').getBoundingClientRect())"
        )
        await page.tell("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        assert "a: succeeded\n0:00 – 0:10, 10.0s" in await page.run(
            "document.querySelector('#tip').textContent"
        )
        assert await page.run("document.querySelector('#at').dataset.time") == "0:05.0"
        await page.run("document.querySelector('#folds').click()")
        assert await page.run("document.querySelectorAll('details.task[open]').length") == 3
        search = "s => {const i = document.querySelector('#search'); i.value = s; i.oninput()}"
        await page.run(f"({search})('team')")
        await page.run("new Promise(done => setTimeout(done, 300))")
        assert await page.run("document.querySelector('#found').textContent") == "1 line"
        assert await page.run("document.querySelector('mark').textContent") == "team"
        shown = "[...document.querySelectorAll('.log .line')].filter(l => l.offsetParent).length"
        assert await page.run(shown) == 1
        asked = [
            m["params"]["request"]["url"] for m in page.said if m["method"] == "Network.requestWillBeSent"
        ]
        assert asked == [file.as_uri()]
        assert wrong(page) == []


async def test_hostile_texts_do_nothing_in_a_browser(pages: dict[str, Path], browser: str) -> None:
    async with tab(browser) as page:
        await page.open(pages["hostile"].as_uri())
        assert "alert(1)" in await page.run("document.querySelector('h1').textContent")
        assert await page.run("document.querySelectorAll('img, .log b, .log a').length") == 0
        moved = "new PointerEvent('pointermove', {bubbles: true, clientX: 500, clientY: 200})"
        await page.run(f"document.querySelectorAll('[data-tip]').forEach(bar => bar.dispatchEvent({moved}))")
        log = json.dumps(HOSTILE[0])
        assert await page.run(f"[...document.querySelectorAll('.line')].some(l => l.textContent === {log})")
        assert wrong(page) == []
