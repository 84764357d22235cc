"""Results as plain values for JSON, and back, exactly: dataclasses, arrays, numbers that are not finite.

The form follows from the dataclasses: one is an object of all its fields, a tuple or an array is a
list, and a number that JSON lacks is one of the words `nan`, `inf` and `-inf`.
"""

from __future__ import annotations

import dataclasses
import math
import sys
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any, get_args, get_origin

import numpy as np

from glmmspec.errors import DataError, did_you_mean_or_list

_WORDS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_NAMES = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "an object",
}

_NO_SIZES: Mapping[str, int] = types.MappingProxyType({})


def to_plain(value: Any) -> Any:
    """A value as JSON holds it; a list is taken to be plain already."""
    if dataclasses.is_dataclass(value):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray) and np.isfinite(value).all():
        return value.tolist()
    if isinstance(value, np.ndarray | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, np.generic):
        return to_plain(value.item())
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def from_plain(hint: Any, value: Any, path: str, sizes: Mapping[str, int] = _NO_SIZES) -> Any:
    """The value of type `hint` that `to_plain` gave.

    Parameters
    ----------
    path
        What an error calls the value.
    sizes
        Lengths of array dimensions by their names in annotations. A name that is not among them has the
        length that it first meets, throughout the dataclass that it stands in.

    Raises
    ------
    DataError
        If it is no such value, naming the place in it.
    """
    if dataclasses.is_dataclass(hint):
        return _dataclass(hint, value, path, dict(sizes))
    if get_origin(hint) in (types.UnionType, typing.Union):
        return None if value is None else from_plain(get_args(hint)[0], value, path, sizes)
    if get_origin(hint) is tuple:
        items = enumerate(_checked(list, value, path))
        return tuple(from_plain(get_args(hint)[0], item, f"{path}[{i}]", sizes) for i, item in items)
    if get_origin(hint) is dict:
        items_of = _checked(dict, value, path).items()
        return {key: from_plain(get_args(hint)[1], item, f"{path}.{key}", sizes) for key, item in items_of}
    if hint is Any:
        return value
    return _number(value, path) if hint is float else _checked(hint, value, path)


def _dataclass(cls: Any, value: Any, path: str, sizes: dict[str, int]) -> Any:
    fields = _fields(cls)
    for key in _checked(dict, value, path):
        if key not in fields:
            raise DataError(f"{path}: unknown key '{key}'", hint=did_you_mean_or_list(key, fields))
    found = {}
    for name, hint in fields.items():
        if name not in value:
            raise DataError(f"{path}: the key '{name}' is missing")
        read = _array if hasattr(hint, "dim_str") else from_plain
        found[name] = read(hint, value[name], f"{path}.{name}", sizes)
    return cls(**found)


@cache
def _fields(cls: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


def _array(hint: Any, value: Any, path: str, sizes: dict[str, int]) -> np.ndarray[Any, Any]:
    """An array of the type and the shape of a jaxtyping annotation."""
    item = next(kind for kind in (bool, int, float) if np.dtype(kind).name in hint.dtypes)
    dimensions = hint.dim_str.split()
    array = np.array(_items(item, value, path, len(dimensions)), dtype=item)
    shape = array.shape if array.size else (0,) * len(dimensions)
    for dimension, length in zip(dimensions, shape, strict=True):
        wanted = sum(sizes.setdefault(name, length) for name in dimension.split("+"))
        if length != wanted:
            raise DataError(f"{path}: expected {wanted} values ({dimension}), not {length}")
    return array.reshape(shape)


def _items(item: type, value: Any, path: str, depth: int) -> Any:
    """The items of a list of lists, as deep as given and equally long at each depth."""
    if depth == 0:
        return _number(value, path) if item is float else _checked(item, value, path)
    items = [_items(item, part, path, depth - 1) for part in _checked(list, value, path)]
    if depth > 1 and len({len(part) for part in items}) > 1:
        raise DataError(f"{path}: its rows differ in length")
    return items


def _number(value: Any, path: str) -> float:
    if isinstance(value, str) and value in _WORDS:
        return _WORDS[value]
    # A whole number may be too long for a float.
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= sys.float_info.max:
        raise _unexpected(float, value, path)
    return float(value)


def _checked(kind: type, value: Any, path: str) -> Any:
    if type(value) is not kind or (isinstance(value, int) and abs(value) >= 2**63):
        raise _unexpected(kind, value, path)
    return value


def _unexpected(kind: type, value: Any, path: str) -> DataError:
    return DataError(f"{path}: expected {_NAMES[kind]}, not {str(value)[:40]}")
