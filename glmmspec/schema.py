"""A model as JSON, exactly, and the JSON Schema of that form.

The form follows from the dataclasses of the IR: a dataclass is an object with all its fields, tagged
by `"type"` where another one could stand in its place, and a tuple is an array. Fields that take no
part in equality are left out. `python -m glmmspec.schema` prints the schema, which ships as
`schema.json`.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from functools import cache
from typing import Any, Literal, get_args, get_origin

from glmmspec import ir
from glmmspec.errors import GlmmSpecError, SpecError, did_you_mean_or_list

MAX_LENGTH = 2**24
"""Longest document that is read, in characters."""

_VERSION_KEY = "glmmspec"
_SCALARS = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def dumps(model: ir.Model) -> str:
    """A model as a JSON document."""
    return json.dumps({_VERSION_KEY: ir.VERSION, **_object(model)}, indent=2, ensure_ascii=False) + "\n"


def loads(text: str) -> ir.Model:
    """The model in a JSON document that `dumps` wrote.

    Raises
    ------
    SpecError
        If the text is not such a document, naming the place in it.
    """
    if len(text) > MAX_LENGTH:
        raise SpecError(f"the document is longer than {MAX_LENGTH:,} characters")
    try:
        return _read(parsed(text))
    except RecursionError:
        raise SpecError("the document is nested too deeply") from None


def _read(document: Any) -> ir.Model:
    if not isinstance(document, dict):
        raise _error("$", "expected an object", document)
    version = document.pop(_VERSION_KEY, None)
    if type(version) is not int or version < 1:
        raise SpecError(f'$: expected "{_VERSION_KEY}": {ir.VERSION}', hint="is this a model of glmmspec?")
    if version > ir.VERSION:
        raise SpecError(
            f"the model is in version {version} of the format; this glmmspec reads up to {ir.VERSION}",
            hint="update glmmspec",
        )
    model: ir.Model = _build(ir.Model, document, "$")
    return model


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what `dumps` writes."""
    definitions: dict[str, Any] = {}
    root = _schema_of_class(ir.Model, definitions)
    root["properties"] = {_VERSION_KEY: {"const": ir.VERSION}, **root["properties"]}
    root["required"] = [_VERSION_KEY, *root["required"]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A generalized linear mixed model of glmmspec",
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def _object(value: Any) -> Any:
    """What a value of the IR is in JSON."""
    cls: Any = type(value)
    if _is_class(cls):
        tag = {"type": cls.__name__} if cls in _tagged() else {}
        return tag | {name: _object(getattr(value, name)) for name in _fields(cls)}
    if isinstance(value, tuple):
        return [_object(item) for item in value]
    return value


def parsed(text: str) -> Any:
    """What a JSON text stands for, which may hold no key twice and no number that is not finite.

    Raises
    ------
    SpecError
        If it is no such text.
    RecursionError
        If it is nested too deeply.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_without_duplicates)
    except json.JSONDecodeError as error:
        raise SpecError(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except ValueError:
        raise SpecError("a number in the document has too many digits") from None


def _refuse_constant(constant: str) -> None:
    raise SpecError(f"{constant} is not a number that a model can hold")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise SpecError(f"the key {twice!r} stands twice in one object")
    return document


def _decode(hint: Any, value: Any, path: str) -> Any:
    """The value of the IR, of the type `hint`, that a JSON value stands for."""
    if _is_class(hint):
        return _build(hint, value, path)
    if _is_union(hint):
        return _decode_union(get_args(hint), value, path)
    if get_origin(hint) is Literal:
        if not isinstance(value, str) or value not in get_args(hint):
            raise _error(path, f"expected one of {', '.join(get_args(hint))}", value)
        return value
    if get_origin(hint) is tuple:
        return _decode_tuple(get_args(hint), value, path)
    return _decode_scalar(hint, value, path)


def _decode_scalar(hint: Any, value: Any, path: str) -> Any:
    fits = type(value) is hint or (hint is float and type(value) is int)
    if not fits:
        raise _error(path, f"expected {_SCALARS[hint]}", value)
    if hint is str and not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
        raise _error(path, "expected Unicode text", "a lone surrogate")
    if hint is float:
        try:
            value = float(value)
        except OverflowError:
            value = math.inf
        if not math.isfinite(value):
            raise _error(path, "expected a finite number", value)
    return value


def _decode_tuple(hints: tuple[Any, ...], value: Any, path: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _error(path, "expected an array", value)
    if hints[-1] is Ellipsis:
        hints = (hints[0],) * len(value)
    if len(value) != len(hints):
        raise _error(path, f"expected {len(hints)} values", len(value))
    items = zip(hints, value, strict=True)
    return tuple(_decode(hint, item, f"{path}[{i}]") for i, (hint, item) in enumerate(items))


def _decode_union(hints: tuple[Any, ...], value: Any, path: str) -> Any:
    if value is None and type(None) in hints:
        return None
    arrays = [hint for hint in hints if get_origin(hint) is tuple]
    if arrays and isinstance(value, list):
        return _decode(arrays[0], value, path)
    classes = {hint.__name__: hint for hint in hints if _is_class(hint)}
    if len(classes) < 2:
        return _decode(next(hint for hint in hints if hint is not type(None)), value, path)
    if not isinstance(value, dict):
        raise _error(path, "expected an object", value)
    tag = value.get("type")
    if not isinstance(tag, str) or tag not in classes:
        raise _error(f"{path}.type", f"expected one of {', '.join(classes)}", tag)
    return _build(classes[tag], value, path)


def _build(cls: Any, value: Any, path: str) -> Any:
    """A dataclass from the object that holds its fields, all of them and nothing else."""
    if not isinstance(value, dict):
        raise _error(path, "expected an object", value)
    fields = _fields(cls)
    known = {"type", *fields} if cls in _tagged() else set(fields)
    for key in value:
        if key not in known:
            raise SpecError(f"{path}: unknown key {key!r}", hint=did_you_mean_or_list(key, sorted(known)))
    for name in fields:
        if name not in value:
            raise SpecError(f"{path}: the key {name!r} is missing")
    decoded = {name: _decode(hint, value[name], f"{path}.{name}") for name, hint in fields.items()}
    try:
        return cls(**decoded)
    except GlmmSpecError as error:
        raise SpecError(f"{path}: {error.message}", hint=error.hint) from None


@cache
def _fields(cls: Any) -> dict[str, Any]:
    """The fields of a dataclass that are written, with their types."""
    hints = typing.get_type_hints(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls) if field.compare}


@cache
def _tagged() -> frozenset[type]:
    """The dataclasses that stand in a union with another, and so carry their name."""
    tagged: set[type] = set()
    seen: set[Any] = set()
    pending: list[Any] = [ir.Model]
    while pending:
        hint = pending.pop()
        if hint in seen:
            continue
        seen.add(hint)
        if _is_class(hint):
            pending.extend(_fields(hint).values())
            continue
        parts = get_args(hint) if get_origin(hint) is not Literal else ()
        pending.extend(parts)
        classes = [part for part in parts if _is_class(part)]
        if _is_union(hint) and len(classes) > 1:
            tagged.update(classes)
    return frozenset(tagged)


def _is_class(hint: Any) -> bool:
    return isinstance(hint, type) and dataclasses.is_dataclass(hint)


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in (typing.Union, types.UnionType)


def _error(path: str, expected: str, value: Any) -> SpecError:
    shown = json.dumps(value, default=str)
    return SpecError(f"{path}: {expected}, not {shown if len(shown) <= 40 else shown[:37] + '...'}")


def _schema(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of a type; those of the dataclasses inside go to `definitions`."""
    if _is_class(hint):
        return _reference(hint, definitions)
    if _is_union(hint):
        return {"anyOf": [_schema(part, definitions) for part in get_args(hint)]}
    if get_origin(hint) is Literal:
        return {"enum": list(get_args(hint))}
    if get_origin(hint) is tuple:
        parts = get_args(hint)
        if parts[-1] is Ellipsis:
            return {"type": "array", "items": _schema(parts[0], definitions)}
        items = [_schema(part, definitions) for part in parts]
        return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}
    return {"type": _SCALARS[hint]}


def _reference(cls: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    name = cls.__name__
    if name not in definitions:
        definitions[name] = {}
        definitions[name].update(_schema_of_class(cls, definitions))
    return {"$ref": f"#/$defs/{name}"}


def _schema_of_class(cls: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    metadata = {field.name: field.metadata for field in dataclasses.fields(cls)}
    properties: dict[str, Any] = {"type": {"const": cls.__name__}} if cls in _tagged() else {}
    for name, hint in _fields(cls).items():
        properties[name] = _schema(hint, definitions) | _bounds(hint, metadata[name])
    summary = (cls.__doc__ or "").partition("\n")[0]
    return {
        "description": summary,
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _bounds(hint: Any, metadata: typing.Mapping[str, Any]) -> dict[str, Any]:
    """The meaning of an option and, where it is one number, its bounds."""
    if "help" not in metadata:
        return {}
    bounds = {"minimum": metadata["low"], "maximum": metadata["high"]} if hint in (int, float) else {}
    return {"description": metadata["help"], **bounds}


if __name__ == "__main__":
    print(json.dumps(json_schema(), indent=2))
