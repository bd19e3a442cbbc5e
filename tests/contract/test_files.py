"""Files on every host."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.contract.programs import said
from tui.hosts.host import HostFullError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from tests.contract.places import Place
    from tui.hosts.host import Host


async def chunks(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def tree(folder: Path) -> dict[str, tuple[str, bytes]]:
    """The files and folders below a folder, with their modes and content."""
    return {
        str(path.relative_to(folder)): (
            oct(path.stat().st_mode & 0o777),
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }


async def read(path: object) -> bytes:
    return await asyncio.to_thread(Path(str(path)).read_bytes)


def grow(folder: Path) -> Path:
    """A folder of many sorts of files."""
    source = folder / "source"
    (source / "deep" / "empty").mkdir(parents=True)
    for name, mode in (("run.sh", 0o755), ("secret", 0o600), ("deep/größer 漢字", 0o644), ("it's", 0o640)):
        (source / name).write_bytes(name.encode() * 100)
        (source / name).chmod(mode)
    (source / "deep").chmod(0o700)
    (source / "nothing").touch()
    return source


async def test_a_scratch_folder_is_private_and_goes(host: Host) -> None:
    async with host.scratch() as folder:
        (mode, owner) = await asyncio.to_thread(_mode_and_owner, folder)
        assert (mode, owner) == (0o700, os.getuid())
        await host.write(folder / "file", chunks([b"content"]))
        assert await said(host, "ls", str(folder)) == ["file"]
    assert not await asyncio.to_thread(Path(folder).exists)


async def test_a_scratch_folder_goes_whatever_happens_in_it(host: Host) -> None:
    folders: list[str] = []

    async def fail() -> None:
        async with host.scratch() as folder:
            folders.append(str(folder))
            await host.run(("sh", "-c", 'mkdir -p "$1/a/b" && touch "$1/a/b/c"', "sh", str(folder)))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert not await asyncio.to_thread(Path(folders[0]).exists)


async def test_scratch_folders_are_different_ones(host: Host) -> None:
    async with host.scratch() as one, host.scratch() as other:
        assert one != other


async def test_a_scratch_folder_goes_when_its_task_is_cancelled(host: Host, place: Place) -> None:
    entered = asyncio.Event()

    async def stay() -> None:
        async with host.scratch():
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(stay())
    await entered.wait()
    task.cancel()
    await asyncio.wait({task})
    assert not [line for line in await asyncio.to_thread(place.left) if "step-" in line]


async def test_a_file_is_written(host: Host, tmp_path: Path) -> None:
    pieces = [os.urandom(size) for size in (1, 0, 70_000, 1_000_000)]
    for name in ("plain", "two words", "it's $HOME", "größer 漢字", "-rf"):
        await host.write(tmp_path / name, chunks(pieces))
        assert await read(tmp_path / name) == b"".join(pieces)


async def test_a_file_is_written_over(host: Host, tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in (b"long content", b"short", b""):
        await host.write(path, chunks([content]))
        assert await read(path) == content


async def test_a_file_whose_folder_is_not_there(host: Host, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await host.write(tmp_path / "no" / "file", chunks([b"content"]))


async def test_a_file_where_a_folder_is(host: Host, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"."):
        await host.write(tmp_path, chunks([b"content"]))


async def test_no_room_for_a_file(host: Host, small: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    await asyncio.to_thread(source.write_bytes, b"x" * 3_000_000)
    ways = (host.write(small / "file", chunks([b"x" * 1_000_000] * 3)), host.copy(source, small / "file"))
    for way in ways:
        with pytest.raises(HostFullError) as caught:
            await way
        assert str(small) in caught.value.cause
        assert caught.value.hint


async def test_a_fault_of_the_content_is_raised(host: Host, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"content"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await host.write(tmp_path / "file", broken())


async def test_a_file_is_copied(host: Host, tmp_path: Path) -> None:
    source = await asyncio.to_thread(grow, tmp_path)
    there = tmp_path / "new" / "folder" / "run.sh"
    await host.copy(source / "run.sh", there)
    assert await asyncio.to_thread(tree, there.parent) == {"run.sh": ("0o755", b"run.sh" * 100)}


async def test_a_folder_is_copied_with_its_modes(host: Host, tmp_path: Path) -> None:
    source = await asyncio.to_thread(grow, tmp_path)
    there = tmp_path / "new" / "folder"
    await host.copy(source, there)
    assert await asyncio.to_thread(tree, there) == await asyncio.to_thread(tree, source)


async def test_links_stay_where_they_lead_to_what_is_copied(host: Host, tmp_path: Path) -> None:
    source = await asyncio.to_thread(grow, tmp_path)
    await asyncio.to_thread(_link, source, tmp_path)
    there = tmp_path / "elsewhere" / "there"
    for _ in range(2):
        await host.copy(source, there)
        await asyncio.to_thread(_look_at_links, there)


def _link(source: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "inner").mkdir(parents=True)
    (outside / "inner" / "file").write_text("content")
    (outside / "home").symlink_to(source)
    targets: dict[str, str | Path] = {
        "deep/to a file": source / "secret",
        "deep/loop": "..",
        "deep/other": source / "deep" / "empty",
        "deep/itself": "itself",
        "deep/empty/back": "../loop/deep",
        "nothing there": "/no/such/file",
        "root": "/",
        "around": "../",
        "out": outside / "inner" / "file",
        "outer": outside,
        "outer again": outside / "inner",
    }
    for name, target in targets.items():
        (source / name).symlink_to(target)


def _look_at_links(there: Path) -> None:
    assert (there / "deep" / "to a file").readlink() == Path("../secret")
    assert (there / "deep" / "loop").resolve() == there
    assert (there / "deep" / "other").readlink() == Path("empty")
    assert (there / "deep" / "itself").is_symlink()
    assert (there / "deep" / "empty" / "back").resolve() == there / "deep"
    assert (there / "nothing there").readlink() == Path("/no/such/file")
    assert (there / "root").readlink() == Path("/")
    assert (there / "around").readlink() == Path("..")
    assert not (there / "out").is_symlink()
    assert (there / "out").read_text() == "content"
    assert not (there / "outer").is_symlink()
    assert (there / "outer" / "home").resolve() == there
    assert (there / "outer again").resolve() == there / "outer" / "inner"


async def test_a_link_itself_is_followed(host: Host, tmp_path: Path) -> None:
    source = await asyncio.to_thread(grow, tmp_path)
    await asyncio.to_thread((tmp_path / "link").symlink_to, "source")
    await host.copy(tmp_path / "link", tmp_path / "there")
    assert await asyncio.to_thread(tree, tmp_path / "there") == await asyncio.to_thread(tree, source)


async def test_what_is_no_file_is_left_out(host: Host, tmp_path: Path) -> None:
    source = await asyncio.to_thread(grow, tmp_path)
    expected = await asyncio.to_thread(tree, source)
    await asyncio.to_thread(os.mkfifo, source / "deep" / "pipe")
    await asyncio.to_thread(os.mknod, source / "socket", stat.S_IFSOCK | 0o600)
    await host.copy(source, tmp_path / "there")
    assert await asyncio.to_thread(tree, tmp_path / "there") == expected
    with pytest.raises(OSError, match="pipe"):
        await host.copy(source / "deep" / "pipe", tmp_path / "other")


async def test_odd_names_and_holes(host: Host, tmp_path: Path) -> None:
    source = tmp_path / "source"
    await asyncio.to_thread(source.mkdir)
    for name in (b"\xff\xfe", b"-rf", b"new\nline", b" ", b"a" * 255, b"*", b"~", b"\\"):
        await asyncio.to_thread(Path(os.fsdecode(os.fsencode(source) + b"/" + name)).touch)
    await asyncio.to_thread(_write_holes, source / "disk")
    there = tmp_path / "there"
    await host.copy(source, there)
    assert await asyncio.to_thread(tree, there) == await asyncio.to_thread(tree, source)


def _write_holes(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"x" * 100)
        file.seek(5_000_000)
        file.write(b"y")
        file.truncate(8_000_000)


async def test_many_files_are_copied(host: Host, tmp_path: Path) -> None:
    source = tmp_path / "source"
    for number in range(40):
        await asyncio.to_thread(_write_in, source / str(number % 5) / f"{number}")
    there = tmp_path / "there"
    await host.copy(source, there)
    assert await asyncio.to_thread(tree, there) == await asyncio.to_thread(tree, source)


def _write_in(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(path.name)


async def test_a_folder_is_copied_over_what_is_there(host: Host, tmp_path: Path) -> None:
    source = await asyncio.to_thread(grow, tmp_path)
    there = tmp_path / "there"
    await host.copy(source, there)
    await asyncio.to_thread((source / "secret").write_bytes, b"new")
    await host.copy(source, there)
    assert await asyncio.to_thread(tree, there) == await asyncio.to_thread(tree, source)


async def test_copying_what_is_not_here(host: Host, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await host.copy(tmp_path / "missing", tmp_path / "there")


def _mode_and_owner(path: object) -> tuple[int, int]:
    found = Path(str(path)).stat()
    return found.st_mode & 0o777, found.st_uid
