"""Light dataclasses behave as Python's frozen ones do, but for being frozen."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import pytest

from tui.run.changed import changed
from tui.run.light import dataclass


@dataclass(frozen=True, slots=True)
class Fruit:
    """A fruit."""

    weight: float
    type: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class Apple(Fruit):
    """An apple."""

    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Pear:
    """A pear, unlike any other."""

    weight: float


def test_they_are_compared_hashed_and_written_out_by_their_fields() -> None:
    apple = Apple(1.0, ("red",))
    assert apple == Apple(1.0, ("red",)) != Apple(1.0)
    assert len({apple, Apple(1.0, ("red",)), Apple(1.0)}) == 2
    assert Apple(1.0) != Fruit(1.0)
    assert repr(apple) == "Apple(weight=1.0, kinds=('red',))"
    assert dataclasses.asdict(apple) == {"weight": 1.0, "kinds": ("red",)}


def test_some_are_compared_by_identity() -> None:
    pear = Pear(1.0)
    assert pear == pear
    assert pear != Pear(1.0)
    assert len({pear, Pear(1.0)}) == 2


def test_a_changed_copy_leaves_the_original_as_it_is() -> None:
    apple = Apple(1.0)
    assert (
        changed(apple, kinds=("red",)) == dataclasses.replace(apple, kinds=("red",)) == Apple(1.0, ("red",))
    )
    assert apple == Apple(1.0)
    with pytest.raises(AttributeError):
        changed(apple, colour="red")
