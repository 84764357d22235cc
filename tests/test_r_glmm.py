"""The call of R's glmm, fitted."""

import numpy as np
import pandas as pd
import pytest

import glmmspec as gs
from glmmspec.r_glmm import glmm

CBPP = {
    "fixed": "cbind(incidence, size - incidence) ~ period",
    "random": ["~ 0 + herd"],
    "varcomps_names": ["herd"],
    "family": "binomial.glmm",
}
FORMULA = "cbind(incidence, size - incidence) ~ period | herd"


@pytest.fixture(scope="module")
def cbpp() -> pd.DataFrame:
    return gs.load_data("cbpp")


def same(ours: gs.Fit, other: gs.Fit) -> None:
    pd.testing.assert_series_equal(ours.params(), other.params(), check_exact=True)
    assert ours.options == other.options


def test_the_call_is_the_fit_of_the_formula(cbpp):
    called = glmm(**CBPP, data=cbpp, m=1e3, seed=7, debug=True)
    same(called, gs.fit(FORMULA, cbpp, family="binomial", draws=1000, seed=7))


def test_the_arguments_stand_in_rs_order(cbpp):
    """fixed, random, varcomps.names, data, family.glmm, m, varcomps.equal, weights, doPQL, ..., zeta."""
    weights = np.ones(len(cbpp))
    called = glmm(
        CBPP["fixed"], "~ 0 + herd", "herd", cbpp, "binomial", 512, [1], weights, True, False,
        0.5, 0.25, 0.25, 5.0, 50, None, 7.5,
    )  # fmt: skip
    wanted = {
        "draws": 512, "proposal": "mixture", "mixture": (0.5, 0.25, 0.25), "rmax": 5.0, "iterlim": 50,
        "df": 7.5, "start": "pql",
    }  # fmt: skip
    assert {name: getattr(called.options, name) for name in wanted} == wanted


def test_what_is_not_given_is_ours(cbpp):
    assert glmm(**CBPP, data=cbpp).options == gs.fit(FORMULA, cbpp, family="binomial").options


def test_settings_of_the_mixture_imply_it(cbpp):
    assert glmm(**CBPP, data=cbpp, m=512, zeta=7).options.proposal == "mixture"
    asked = glmm(**CBPP, data=cbpp, m=512, zeta=7, proposal="laplace").options
    assert (asked.proposal, asked.df) == ("laplace", 7)


def test_start_values(cbpp):
    assert glmm(**CBPP, data=cbpp, m=512, doPQL=False).options.start == "zero"
    start = [-1.4, -1.0, -1.1, -1.6, 0.4]
    for pql in (True, False):
        called = glmm(**CBPP, data=cbpp, m=512, par_init=start, doPQL=pql)
        assert called.options.start == tuple(start)


def test_weights_as_column_and_as_array(cbpp):
    weights = np.tile([2.0, 1.0], len(cbpp) // 2)
    column = glmm(**CBPP, data=cbpp.assign(w=weights), weights="w", m=512)
    array = glmm(**CBPP, data=cbpp, weights=weights, m=512)
    pd.testing.assert_series_equal(column.params(), array.params(), check_exact=True)
    np.testing.assert_array_equal(array.design.weights, weights)
    with pytest.raises(gs.DataError, match=r"weights have shape \(3,\), and the data 56 rows"):
        glmm(**CBPP, data=cbpp, weights=[1, 2, 3])


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"cluster": 4}, "cluster is not taken.*every core"),
        ({"m": 64, "draws": 128}, "solver option draws is given twice"),
        ({"m": 64.5}, "draws = 64.5: expected a whole number"),
        ({"p1": 0.6}, "sum to 1.26667, not 1"),
        ({"p1": 0.6, "p2": 0.3, "p3": 0.2}, "sum to 1.1, not 1"),
        ({"p1": 2, "p2": -1, "p3": 0}, "expected 3 numbers between 0 and 1"),
        ({"par_init": [1, 2]}, "start gives 2 value"),
        ({"rinit": 10}, "unknown solver option 'rinit'"),
    ],
)
def test_what_cannot_be_meant_is_refused(cbpp, more, message):
    with pytest.raises(gs.GlmmSpecError, match=f"(?s){message}"):
        glmm(**CBPP, data=cbpp, **more)
