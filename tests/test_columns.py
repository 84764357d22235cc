from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from glmmspec.columns import Table, as_factor, kind
from glmmspec.errors import DataError
from glmmspec.expression import Name
from glmmspec.ir import FactorColumn, FixedTerm, Levels, Model, RandomTerm, Response

X = Name("x")


def table(values, **statements):
    frame = pd.DataFrame({"x": values})
    model = Model(
        response=Response("column", (Name("y"),)),
        family="poisson",
        fixed=(FixedTerm((X,)),),
        random=(RandomTerm((Name("g"),)),),
        **statements,
    )
    return Table(model, frame, np.arange(len(frame)))


def arrow(values, kind):
    return pd.Series(pa.array(values, kind), dtype=pd.ArrowDtype(kind))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2], "number"),
        ([1.5, np.nan], "number"),
        (pd.array([1, None], dtype="Int64"), "number"),
        (arrow([1, None], pa.int32()), "number"),
        (np.array([1, 2.5], dtype=object), "number"),
        ([True, False], "logical"),
        (pd.array([True, None], dtype="boolean"), "logical"),
        (np.array([True, None], dtype=object), "logical"),
        (arrow([True], pa.bool_()), "logical"),
        (["a", None], "text"),
        (np.array(["a", None], dtype=object), "text"),
        (arrow(["a", None], pa.string()), "text"),
        (pd.Categorical([1, 2]), "text"),
        (pd.to_datetime(["2020-01-01"]), "other"),
        ([1j], "other"),
        (np.array(["a", 1], dtype=object), "other"),
    ],
)
def test_what_a_column_holds(values, expected):
    assert kind(pd.Series(values)) == expected


@pytest.mark.parametrize(
    ("values", "levels", "codes"),
    [
        (["b", "a", "b"], ("a", "b"), [1, 0, 1]),
        ([10, 9, 10], ("9", "10"), [1, 0, 1]),
        ([1.0, 0.5, -2.0], ("-2", "0.5", "1"), [2, 1, 0]),
        (["10", "9"], ("10", "9"), [0, 1]),
        ([True, False], ("FALSE", "TRUE"), [1, 0]),
        ([True, True], ("TRUE",), [0, 0]),
        (np.array([1, "1", 2], dtype=object), ("1", "2"), [0, 0, 1]),
        (pd.Categorical(["x", "y"], categories=["y", "x"]), ("y", "x"), [1, 0]),
        (pd.Categorical([2, 1, 2]), ("1", "2"), [1, 0, 1]),
        (pd.array([2**53 + 1, 2**53], dtype="Int64"), (str(2**53), str(2**53 + 1)), [1, 0]),
        (arrow(["b", "a"], pa.string()), ("a", "b"), [1, 0]),
        ([[2], [1]], ("[1]", "[2]"), [1, 0]),
        (np.array([Decimal("1.5"), 1], dtype=object), ("1", "1.5"), [1, 0]),
        (arrow([2, 1], pa.int16()), ("1", "2"), [1, 0]),
        (
            pd.to_datetime(["2021-01-01", "2020-01-01"]),
            ("2020-01-01", "2021-01-01"),
            [1, 0],
        ),
    ],
)
def test_levels_and_codes(values, levels, codes):
    factor = table(values).factor(X)
    assert factor.levels == levels
    assert factor.codes.tolist() == codes


@pytest.mark.parametrize(
    ("values", "listed"),
    [
        ([1, 2, 1], ("2", "1")),
        ([1.0, 2.0, 1.0], ("2.0", "1")),
        (["1", "2", "1"], ("2", "1")),
        ([False, True, False], ("true", "false")),
        (pd.Categorical(["1", "2", "1"], categories=["0", "1", "2"]), ("2", "1")),
    ],
)
def test_listed_levels_match_the_text_of_values(values, listed):
    declared = table(values, levels=(Levels("x", listed),))
    assert declared.is_factor(X)
    assert declared.factor(X).levels == listed
    assert declared.factor(X).codes.tolist() == [1, 0, 1]
    assert not declared.notes


@pytest.mark.parametrize(
    ("values", "listed", "message"),
    [
        (["a", "b", "c"], ("a", "b"), "'c' in row 3 of 'x' is not among its levels"),
        (["a", "b"], ("a", "b", "c"), "no row has the level 'c' of 'x'"),
        (["1.0", "2"], ("1", "2"), "'1.0' in row 1"),
    ],
)
def test_listed_levels_are_those_of_the_data(values, listed, message):
    with pytest.raises(DataError, match=message):
        table(values, levels=(Levels("x", listed),)).factor(X)


def test_levels_without_rows_are_dropped_and_named():
    read = table(pd.Categorical(["a", "c", "a"], categories=["b", "c", "a"]))
    assert read.factor(X).levels == ("c", "a")
    assert read.factor(X).codes.tolist() == [1, 0, 1]
    assert [str(note) for note in read.notes] == ["levels of 'x' without a row are dropped: 'b'"]


def test_a_declared_factor_is_one():
    assert table([1, 2], factors=(FactorColumn("x"),)).is_factor(X)
    assert not table([1, 2]).is_factor(X)
    assert not table([True, False]).is_factor(X)


def test_numbers_and_truth_values():
    assert table(pd.array([1, 2], dtype="Int64")).values(X).tolist() == [1.0, 2.0]
    assert table([True, False]).values(X).tolist() == [True, False]
    with pytest.raises(DataError, match="not numeric: it holds datetime64"):
        table(pd.to_datetime(["2020-01-01"])).values(X)


def test_values_as_a_factor():
    factor = as_factor(np.array([3.0, 1.5, 3.0]))
    assert factor.levels == ("1.5", "3")
    assert factor.codes.tolist() == [1, 0, 1]
