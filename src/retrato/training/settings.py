"""Changing one thing at a time: settings of a recipe by their dotted names."""

import dataclasses
import json
import math
import types
import typing
from enum import Enum
from typing import Any, TypeVar

from retrato.errors import UnusableSetting

Config = TypeVar("Config")


def with_setting(config: Config, assignment: str) -> Config:
    """The config with one field changed.

    Args:
        config: a dataclass of fields, tuples, and further such dataclasses.
        assignment: such as `task.losses.identity=0.3`: dotted names, and a value as JSON writes it (text may go without
            quotes; `{}` is a part with its defaults, `null` leaves a part out).

    Raises:
        UnusableSetting: there is no such field, or it cannot take the value.
    """
    name, equals, text = assignment.partition("=")
    if not equals:
        raise UnusableSetting(f"{assignment!r} sets nothing: write NAME=VALUE")
    return _changed(config, name.split("."), text, name)


def _changed(config: Any, path: list[str], text: str, name: str) -> Any:
    field, *rest = path
    hints = typing.get_type_hints(type(config)) if dataclasses.is_dataclass(config) else {}
    if field not in hints:
        known = ", ".join(hints) or "none, for it is no part with fields, or was left out"
        raise UnusableSetting(f"no setting {name!r}: {field!r} is not one of {known}")
    value = _changed(getattr(config, field), rest, text, name) if rest else _as(hints[field], _read(text), name)
    try:
        return dataclasses.replace(config, **{field: value})
    except ValueError as error:
        raise UnusableSetting(f"{name}={text}: {error}") from error


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _as(hint: Any, value: Any, name: str) -> Any:
    """The value as a field of that type holds it."""
    kind: Any = typing.get_origin(hint) or hint
    try:
        if kind in {types.UnionType, typing.Union}:
            return _as_one_of(typing.get_args(hint), value, name)
        if dataclasses.is_dataclass(kind) and isinstance(value, dict):
            hints = typing.get_type_hints(kind)
            fields = {each: _as(hints[each], part, f"{name}.{each}") for each, part in value.items()}
            return typing.cast("Any", kind)(**fields)
        if kind is tuple and isinstance(value, list):
            return _as_tuple(typing.get_args(hint), value, name)
        if kind is float and type(value) in {int, float}:
            return _finite(value)
        if isinstance(kind, type) and issubclass(kind, Enum):
            return kind(value)
    except (ValueError, KeyError, TypeError) as error:
        raise UnusableSetting(f"{name} cannot be {value!r}: {error}") from error
    if kind in {bool, int, str} and type(value) is kind:
        return value
    raise UnusableSetting(f"{name} is {getattr(kind, '__name__', kind)}, and cannot be {value!r}")


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("no finite number")
    return float(value)


def _as_one_of(hints: tuple[Any, ...], value: Any, name: str) -> Any:
    if value is None and type(None) in hints:
        return None
    for hint in hints:
        try:
            return _as(hint, value, name)
        except UnusableSetting as error:
            refusal = error
    raise refusal


def _as_tuple(hints: tuple[Any, ...], values: list[Any], name: str) -> tuple[Any, ...]:
    if hints[-1] is Ellipsis:
        hints = hints[:1] * len(values)
    if len(hints) != len(values):
        raise UnusableSetting(f"{name} takes {len(hints)} values, found {len(values)}")
    return tuple(_as(hint, value, name) for hint, value in zip(hints, values, strict=True))
