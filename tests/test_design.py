import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from glmmspec import datasets
from glmmspec.design import bind
from glmmspec.errors import DataError
from glmmspec.grammar import parse, read
from glmmspec.tables import column_names

REFERENCE = json.loads((Path(__file__).parent / "reference" / "mle.json").read_text())

FRAME = pd.DataFrame(
    {
        "y": [0, 2, 1, 3, 0, 1],
        "x": [0.5, 1.5, np.nan, 2.5, 3.0, 0.0],
        "a": ["p", "q", "p", None, "q", "p"],
        "g": [1, 1, 2, 2, 3, 3],
        "w": [1.0, 2.0, 0.0, 1.0, 1.0, 1.0],
        "unused": [None] * 6,
    }
)
COMPLETE = FRAME.assign(x=[0.5, 1.5, 2.0, 2.5, 3.0, 0.0], a=["p", "q", "p", "p", "q", "p"])


def bound(text, frame=COMPLETE, family="poisson"):
    return bind(parse(text, family=family, name="m.glmm"), frame)


@pytest.mark.parametrize(
    ("reference", "spec"),
    [
        ("salamander", "data salamander\nfamily bernoulli\nMate ~ 0 + Cross | Female, Male\n"),
        ("cbpp", "data cbpp\nfamily binomial\ncbind(incidence, size - incidence) ~ period | herd\n"),
        (
            "bacteria",
            'data bacteria\nfamily bernoulli\nlevels trt = placebo, drug, "drug+"\n'
            "y ~ trt + I(week > 2) | ID\n",
        ),
        ("epil", "data epil\nfamily poisson\ny ~ lbase * trt + lage + V4 | subject\n"),
        ("grouseticks_brood", "data grouseticks\nfamily poisson\nTICKS ~ YEAR + cHEIGHT | BROOD\n"),
    ],
)
def test_coefficients_of_published_models_are_named_as_in_r(reference, spec):
    assert bind(parse(spec)).coefficients == tuple(REFERENCE[reference]["fixed"])


def test_what_a_design_holds():
    design = bound("y ~ x + offset(log(x + 1)) | g\nweights w\n")
    assert design.family.name == "poisson"
    assert design.parameters == ("(Intercept)", "x", "g")
    np.testing.assert_array_equal(design.x, np.column_stack([np.ones(6), COMPLETE.x]))
    assert design.y.tolist() == COMPLETE.y.tolist()
    assert design.weights.tolist() == COMPLETE.w.tolist()
    np.testing.assert_allclose(design.offset, np.log(COMPLETE.x + 1), rtol=1e-15)
    assert design.rows.tolist() == [0, 1, 2, 3, 4, 5]
    assert design.n_dropped == 0
    assert design.notes == ()


def test_arrays_are_read_only_and_the_callers_data_are_not():
    frame = COMPLETE.copy()
    design = bound("y ~ x | g\nweights w\n", frame)
    for array in (design.y, design.trials, design.x, design.weights, design.offset, design.rows):
        assert not array.flags.writeable
        assert array.flags.c_contiguous
    assert not design.random[0].codes.flags.writeable
    frame.loc[0, "w"] = 5.0
    assert design.weights[0] == 1.0


def test_missing_values_are_refused_by_name():
    with pytest.raises(DataError, match=r"'x' \(1 in all, the first in row 3\), 'a' \(1 in all, .* row 4\)"):
        bound("y ~ x + a | g\n", FRAME)
    assert bound("y ~ 1 | g\n", FRAME).n_dropped == 0


@pytest.mark.parametrize("nullable", [False, True])
def test_missing_values_are_dropped_where_asked(nullable):
    frame = FRAME.convert_dtypes() if nullable else FRAME
    design = bound("y ~ x + a | g\nmissing drop\n", frame)
    assert design.rows.tolist() == [0, 1, 4, 5]
    assert design.n_dropped == 2
    assert design.random[0].levels == ("1", "3")
    (note,) = design.notes
    assert str(note).startswith("2 of 6 rows are left out: missing values in 'x'")


def test_rows_are_numbered_as_in_the_callers_data():
    frame = FRAME.assign(y=[0, 1, 1, 1, -1, 1])
    with pytest.raises(DataError, match="row 5"):
        bound("y ~ x | g\nmissing drop\n", frame)


@pytest.mark.parametrize(
    ("text", "changes", "message"),
    [
        ("y ~ X | g\n", {}, "unknown column 'X' in the data"),
        ("y ~ x | g\n", {"x": np.inf}, "column 'x' is infinite in row 1"),
        ("y ~ x | g\n", {"x": None}, "missing values in 'x' \\(6 in all"),
        ("y ~ x | g\nmissing drop\n", {"x": np.nan}, "no row is left: missing values in 'x'"),
        ("y ~ x | g\nweights w\n", {"w": [1, 1, -2, 1, 1, 1]}, "the weight in row 3 is -2, below 0"),
        ("y ~ x | g\nweights w\n", {"w": 0}, "all weights are 0"),
        ("y ~ x | g\nweights a\n", {}, "the weights must be numeric, and a is a factor"),
        ("y ~ x | g\noffset a\n", {}, "the offset must be numeric, and a is a factor"),
        ("y ~ x | g\noffset log(x)\n", {}, r"log\(x\) is not a finite number in row 6"),
        ("y ~ a | g\n", {"a": "p"}, "factor a has one level, 'p'"),
        ("y ~ x | g\n", {"g": 1}, "the grouping g has one level, '1'"),
        ("y ~ x | g\nprior `X` ~ normal(0, 1)\n", {}, "prior on unknown coefficient 'X'"),
        ("y ~ x + I(2 * x) | g\n", {}, "'I\\(2 \\* x\\)' is a combination of 'x'"),
        ("y ~ a | g\nweights w\n", {"a": ["p", "q"] * 3, "w": [1, 0] * 3}, "not all estimable: 'aq' is"),
        ("y ~ x | g, h\n", {"h": COMPLETE.g}, "the random terms 'g' and 'h' are the same in every row"),
        ("y ~ x + (0 + z | g)\n", {"z": 0}, "the multiplier z of a random term is 0 in every row"),
        ("a ~ x | g\n", {}, "the response must be numeric, and a is a factor"),
        ("y > 1 ~ x | g\n", {}, "the response must be numeric, and y > 1 is true or false"),
        ("y ~ x | g\n", {"y": 1.5}, r"y = 1.5 is not a whole number from 0 up \(row 1\)"),
        ("levels a = p, q\ny ~ a | g\n", {"a": ["p", "q", "r"] * 2}, "'r' in row 3 of 'a' is not among"),
        ("levels a = p, q, k\ny ~ a | g\n", {"a": ["p", "q", "p"] * 2}, "no row has the level 'k' of 'a'"),
        ("y ~ poly(x, 5) | g\n", {"x": [1, 2] * 3}, "needs more different values than its degree"),
        (
            "y ~ a + ax | g\n",
            {"ax": COMPLETE.x, "a": ["p", "x"] * 3},
            "two coefficients would be called 'ax'",
        ),
    ],
)
def test_data_that_do_not_fit_are_answered_by_cause_place_and_remedy(text, changes, message):
    with pytest.raises(DataError, match=message) as caught:
        bound(text, COMPLETE.assign(**changes))
    assert caught.value.location is not None
    assert caught.value.hint is not None


def test_a_response_without_any_trials_is_refused():
    with pytest.raises(DataError, match="no row has both trials and a weight above 0"):
        bind(parse("cbind(y, y) ~ x | g", family="binomial"), COMPLETE.assign(y=0))


def test_an_unknown_column_is_answered_with_place_and_remedy():
    text = "data salamander\nfamily bernoulli\nMate ~ 0 + Cros | F = Female, M = Male\n"
    with pytest.raises(DataError) as caught:
        bind(parse(text, name="salamander.glmm"))
    assert str(caught.value) == (
        "salamander.glmm:3:12: unknown column 'Cros' in data 'salamander' [G201]\n"
        "  3 | Mate ~ 0 + Cros | F = Female, M = Male\n"
        "    |            ^^^^ did you mean 'Cross'?"
    )


def test_as_many_levels_as_rows():
    frame = COMPLETE.assign(row=range(6), z=[0, 1, 0, 1, 1, 0])
    with pytest.raises(DataError, match=r"the grouping row has as many levels as there are rows \(6\)"):
        bound("z ~ 1 | row\n", frame, family="bernoulli")
    assert bound("y ~ 1 | row\n", frame).random[0].levels == ("0", "1", "2", "3", "4", "5")


@pytest.mark.parametrize(
    ("values", "statement", "noted"),
    [
        (["1", "2", "3", "oops", "4", "5"], "", True),
        (["1", "2", "3", "nan", "4", "5"], "", True),
        (["1", "2", "3", "oops", "4", "5"], "factor v\n", False),
        (["1", "2", "3", "1", "2", "3"], "", False),
        (["a", "b", "1", "a", "b", "1"], "", False),
        (pd.Categorical(["1", "2", "3", "4+", "2", "3"]), "", False),
    ],
)
def test_a_word_among_numbers_is_noted(values, statement, noted):
    frame = COMPLETE.assign(v=values, y=[0, 2, 1, 3, 0, 1])
    notes = bound(f"y ~ 0 + v | g\n{statement}", frame).notes
    assert [str(note)[:15] for note in notes] == ["'v' is a factor"] * noted
    assert not bound(f"y ~ x | v\n{statement}", frame).notes


def test_no_data():
    with pytest.raises(DataError, match="the model names no data"):
        bind(parse("y ~ x | g\n", family="poisson"))
    with pytest.raises(DataError, match="is not a path"):
        bind(parse('data "https://example.org/a.csv"\ny ~ x | g\n', family="poisson"))
    with pytest.raises(DataError, match="the data have no rows"):
        bound("y ~ x | g\n", COMPLETE.iloc[:0])


def test_a_data_file_is_relative_to_the_spec(tmp_path):
    COMPLETE.drop(columns="unused").to_csv(tmp_path / "six.csv", index=False)
    (tmp_path / "m.glmm").write_text('data "six.csv"\nfamily poisson\ny ~ x | g\n')
    model = read(tmp_path / "m.glmm")
    assert column_names(model) == ("y", "x", "a", "g", "w")
    from_file = bind(model)
    assert from_file.data_hash == bound("y ~ x | g\n").data_hash


@pytest.mark.parametrize("convert", [pa.Table.from_pandas, lambda frame: frame.to_dict("list")])
def test_equal_data_have_equal_hashes(convert):
    text = "y ~ x + a | g\n"
    assert bound(text, convert(COMPLETE)).data_hash == bound(text).data_hash


@pytest.mark.parametrize(
    "changes",
    [{"y": [0, 2, 1, 3, 0, 2]}, {"a": ["p", "r", "p", "p", "r", "p"]}, {"g": [1, 1, 2, 2, 4, 4]}],
)
def test_other_data_have_other_hashes(changes):
    text = "y ~ x + a | g\n"
    assert bound(text, COMPLETE.assign(**changes)).data_hash != bound(text).data_hash


def test_a_column_that_is_not_used_changes_nothing():
    text = "y ~ x | g\n"
    assert bound(text, COMPLETE.assign(w=9.0)).data_hash == bound(text).data_hash


def test_the_order_of_rows_only_orders_rows():
    frame = datasets.load("grouseticks")
    order = np.random.default_rng(1).permutation(len(frame))
    text = "TICKS ~ YEAR + cHEIGHT | BROOD, LOCATION:YEAR\n"
    straight, shuffled = bound(text, frame), bound(text, frame.iloc[order])
    assert straight.coefficients == shuffled.coefficients
    np.testing.assert_array_equal(straight.x[order], shuffled.x)
    for one, other in zip(straight.random, shuffled.random, strict=True):
        assert one.levels == other.levels
        np.testing.assert_array_equal(one.codes[order], other.codes)


def test_the_order_of_levels_only_orders_levels():
    spec = "data bacteria\nfamily bernoulli\n{}y ~ 0 + trt | ID\n"
    one = bind(parse(spec.format("")))
    other = bind(parse(spec.format("levels trt = placebo, drug, 'drug+'\n")))
    assert set(one.coefficients) == set(other.coefficients)
    for name in one.coefficients:
        np.testing.assert_array_equal(
            one.x[:, one.coefficients.index(name)], other.x[:, other.coefficients.index(name)]
        )


@pytest.mark.parametrize("random", ["x = g", "x"])
def test_a_component_is_not_called_like_a_coefficient(random: str) -> None:
    data = pd.DataFrame({"y": [0, 1, 2, 0], "x": [1, 1, 3, 3], "g": list("abab")})
    design = bind(parse(f"family poisson\ny ~ x | {random}"), data)
    assert design.parameters == ("(Intercept)", "x", "var(x)")
