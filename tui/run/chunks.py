"""An immutable sequence of which a changed copy costs little, however long it is."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")
_LENGTH = 64  # items of a chunk


class Chunks(Generic[T]):
    """Items in chunks: a copy shares all chunks with the original but the one that is changed."""

    __slots__ = ("_chunks",)

    def __init__(self, items: Iterable[T] = ()) -> None:
        every = tuple(items)
        self._chunks = tuple(every[at : at + _LENGTH] for at in range(0, len(every), _LENGTH))

    def __iter__(self) -> Iterator[T]:
        return chain.from_iterable(self._chunks)

    def __len__(self) -> int:
        return (len(self._chunks) - 1) * _LENGTH + len(self._chunks[-1]) if self._chunks else 0

    def __getitem__(self, index: int) -> T:
        return self._chunks[index // _LENGTH][index % _LENGTH]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Chunks) and self._chunks == other._chunks

    def __hash__(self) -> int:
        return hash(self._chunks)

    def appended(self, item: T) -> Chunks[T]:
        """Return a copy with one more item."""
        full = not self._chunks or len(self._chunks[-1]) == _LENGTH
        return self._copy(
            (*self._chunks, (item,)) if full else (*self._chunks[:-1], (*self._chunks[-1], item))
        )

    def replaced(self, index: int, item: T) -> Chunks[T]:
        """Return a copy with another item at an index, from 0."""
        at, inner = divmod(index, _LENGTH)
        chunk = self._chunks[at]
        changed = (*chunk[:inner], item, *chunk[inner + 1 :])
        return self._copy((*self._chunks[:at], changed, *self._chunks[at + 1 :]))

    def _copy(self, chunks: tuple[tuple[T, ...], ...]) -> Chunks[T]:
        copy: Chunks[T] = Chunks()
        copy._chunks = chunks
        return copy
