from dataclasses import dataclass, field
from enum import StrEnum

import pytest

from retrato.errors import UnusableSetting
from retrato.training.recipes import RECIPES, recipe
from retrato.training.settings import with_setting


class Kind(StrEnum):
    ONE = "one"
    TWO = "two"


@dataclass(frozen=True)
class Part:
    weight: float = 1.0
    ends: tuple[float, float] = (0.0, 1.0)
    steps: tuple[int, ...] = ()


@dataclass(frozen=True)
class Whole:
    count: int = 3
    is_on: bool = False
    kind: Kind = Kind.ONE
    part: Part = field(default_factory=Part)
    extra: Part | None = None


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("count=4", Whole(count=4)),
        ("is_on=true", Whole(is_on=True)),
        ("kind=two", Whole(kind=Kind.TWO)),
        ("part.weight=2", Whole(part=Part(weight=2.0))),
        ("part.ends=[0.5, 2]", Whole(part=Part(ends=(0.5, 2.0)))),
        ("part.steps=[1,2,3]", Whole(part=Part(steps=(1, 2, 3)))),
        ("extra={}", Whole(extra=Part())),
        ('extra={"weight": 3}', Whole(extra=Part(weight=3.0))),
        ("extra=null", Whole()),
    ],
)
def test_one_setting_changes(assignment, expected):
    changed = with_setting(Whole(), assignment)
    assert changed == expected
    assert type(changed.part.weight) is float


@pytest.mark.parametrize(
    ("assignment", "reason"),
    [
        ("count", "NAME=VALUE"),
        ("size=4", "not one of count, is_on"),
        ("part.size=4", "not one of weight"),
        ("count.more=4", "no part with fields"),
        ("extra.weight=4", "was left out"),
        ("count=4.5", "cannot be 4.5"),
        ("count=true", "cannot be True"),
        ("count=null", "cannot be None"),
        ("kind=three", "three"),
        ("part.ends=[1]", "takes 2 values"),
        ("part=3", "cannot be 3"),
        ('extra={"size": 3}', "cannot be"),
    ],
)
def test_what_cannot_be_set_is_refused_with_the_reason(assignment, reason):
    with pytest.raises(UnusableSetting, match=reason):
        with_setting(Whole(), assignment)


def test_settings_of_every_recipe_can_be_changed():
    for name in RECIPES:
        assert with_setting(recipe(name), "loop.batch_size=4").loop.batch_size == 4


def test_a_shape_that_no_network_has_is_refused():
    with pytest.raises(UnusableSetting, match="image_size"):
        with_setting(recipe("stylegan2-512"), "task.network.image_size=500")
