from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glmmspec
from glmmspec import schema
from glmmspec.errors import GlmmSpecError, SpecError
from glmmspec.grammar import parse
from glmmspec.ir import Model
from tests.strategies import models

MODEL = parse('y ~ a * poly(x, 2) | G = g, h\nprior sd(G) ~ half_normal(1)\ntitle "é"', family="poisson")
VALIDATOR = jsonschema.Draft202012Validator(schema.json_schema())


@given(models())
@settings(max_examples=100, deadline=None)
def test_json_round_trip_is_exact_and_valid(model: Model) -> None:
    text = schema.dumps(model)
    assert schema.loads(text) == model
    assert schema.dumps(schema.loads(text)) == text
    VALIDATOR.validate(json.loads(text))


def test_methods_of_the_model_are_the_same_round_trip() -> None:
    assert Model.from_json(MODEL.to_json()) == MODEL


def test_the_shipped_schema_is_current_and_valid() -> None:
    shipped = json.loads(Path(glmmspec.__file__).with_name("schema.json").read_text(encoding="utf-8"))
    assert shipped == schema.json_schema(), "run: python -m glmmspec.schema > glmmspec/schema.json"
    jsonschema.Draft202012Validator.check_schema(shipped)


def test_positions_are_not_written() -> None:
    assert "span" not in schema.dumps(MODEL)
    assert "source" not in schema.dumps(MODEL)


def changed(**changes: object) -> str:
    return json.dumps(json.loads(schema.dumps(MODEL)) | changes)


def without(key: str) -> str:
    document = json.loads(schema.dumps(MODEL))
    del document[key]
    return json.dumps(document)


NAME = {"type": "Name", "name": "y"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON: Expecting value at line 1, column 1"),
        ("[]", "$: expected an object, not []"),
        ("{}", '$: expected "glmmspec": 1'),
        (changed(glmmspec=2), "the model is in version 2 of the format; this glmmspec reads up to 1"),
        (changed(glmmspec=True), '$: expected "glmmspec": 1'),
        (changed(famly="poisson"), "$: unknown key 'famly'"),
        (without("family"), "$: the key 'family' is missing"),
        (changed(family=1), "$.family: expected string, not 1"),
        (changed(family="gamma"), "$: unknown family 'gamma'"),
        (changed(missing="keep"), '$.missing: expected one of fail, drop, not "keep"'),
        (changed(missing=["drop"]), '$.missing: expected one of fail, drop, not ["drop"]'),
        (changed(fixed={}), "$.fixed: expected an array, not {}"),
        (changed(fixed=[{"factors": [{"type": "Column", "name": "x"}]}]),
         '$.fixed[0].factors[0].type: expected one of Name, Number, Text, Call, Operation, not "Column"'),
        (changed(fixed=[{"factors": [1]}]), "$.fixed[0].factors[0]: expected an object, not 1"),
        (changed(weights={"type": "Number", "value": True}), "$.weights.value: expected number, not true"),
        (changed(weights={"type": "Number", "value": -1}), "$.weights: a negative number"),
        (changed(weights={"type": "Call", "function": "eval", "arguments": [NAME], "keywords": []}),
         "$: unknown function 'eval'"),
        (changed(title="\ud800"), '$.title: expected Unicode text, not "a lone surrogate"'),
        (changed(solver={}), "$.solver: the key 'seed' is missing"),
        (changed(data={"kind": "web", "name": "x"}), "$.data.kind: expected one of shipped, file"),
        ('{"glmmspec": NaN}', "NaN is not a number that a model can hold"),
        ('{"a": 1, "a": 2}', "the key 'a' stands twice in one object"),
        ("[" * 100_000, "the document is nested too deeply"),
        ('{"glmmspec": ' + "1" * 5000 + "}", "a number in the document has too many digits"),
        (schema.dumps(MODEL).replace('"tolerance": 0.05', '"tolerance": 1e999'),
         "$.solver.tolerance: expected a finite number, not Infinity"),
        (schema.dumps(MODEL).replace('"tolerance": 0.05', '"tolerance": 1' + "0" * 400),
         "$.solver.tolerance: expected a finite number, not Infinity"),
        (schema.dumps(MODEL).replace('"seed": 1,', '"seed": 1.0,', 1),
         "$.solver.seed: expected integer, not 1.0"),
        (schema.dumps(MODEL).replace('"tolerance": 0.05', '"tolerance": 2'),
         "$.solver: solver option tolerance = 2: expected a number between 0.0001 and 1"),
        (" " * (schema.MAX_LENGTH + 1), "the document is longer than"),
    ],
)  # fmt: skip
def test_a_wrong_document_is_answered_by_its_place(text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        schema.loads(text)
    assert caught.value.message.startswith(message)


def test_deep_expressions_are_refused_by_place_or_depth() -> None:
    opening = '{"type": "Operation", "operator": "-", "operands": ['
    for depth in (70, 500):
        deep = opening * depth + json.dumps(NAME) + "]}" * depth
        with pytest.raises(SpecError, match="nested"):
            schema.loads(changed(weights=None).replace('"weights": null', f'"weights": {deep}'))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(json.loads(schema.dumps(MODEL)))), JSON)
@settings(max_examples=200, deadline=None)
def test_whatever_stands_in_a_field_is_read_or_refused(field: str, value: object) -> None:
    try:
        schema.loads(changed(**{field: value}))
    except GlmmSpecError:
        return
    VALIDATOR.validate(json.loads(changed(**{field: value})))
