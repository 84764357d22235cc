"""The public names, and the calls that join the stages."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

import glmmspec as gs

ROOT = Path(__file__).parent.parent
CBPP = ROOT / "examples" / "cbpp.glmm"
OPTIONS = {"draws": 512}


def test_every_public_name_is_there():
    assert all(getattr(gs, name) is not None for name in gs.__all__)
    assert set(gs.__all__) <= set(dir(gs))
    with pytest.raises(AttributeError, match="no attribute 'fitt'"):
        gs.fitt  # noqa: B018


def test_import_loads_nothing_heavy():
    heavy = ["jax", "numpyro", "arviz_stats", "matplotlib", "pandas", "scipy", "formulaic"]
    code = f"import glmmspec, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_model_can_be_given_in_three_forms():
    fits = [gs.fit(form, **OPTIONS) for form in (CBPP, str(CBPP), CBPP.read_text(), gs.read(CBPP))]
    for fit in fits[1:]:
        pd.testing.assert_series_equal(fit.params(), fits[0].params(), check_exact=True)
        assert fit.provenance == fits[0].provenance


def test_data_can_be_given_in_any_frame():
    frame = gs.load_data("cbpp")
    spec = "cbind(incidence, size - incidence) ~ period | herd"
    plain = gs.fit(spec, frame, family="binomial", **OPTIONS)
    arrow = gs.fit(spec, pa.Table.from_pandas(frame), family="binomial", **OPTIONS)
    columns = gs.fit(spec, {name: frame[name] for name in frame}, family="binomial", **OPTIONS)
    for other in (arrow, columns):
        pd.testing.assert_series_equal(plain.params(), other.params(), check_exact=True)


def test_options_of_the_call_take_the_place_of_the_specs():
    spec = CBPP.read_text() + "solver seed = 5, draws = 64\n"
    fit = gs.fit(spec, **OPTIONS)
    assert fit.options.seed == 5
    assert fit.n_draws == 512


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drws": 1}, "unknown solver option 'drws'.*did you mean 'draws'"),
        ({"draws": "many"}, "draws = many: expected a whole number between 16 and"),
        ({"tolerance": 2}, "tolerance = 2: expected a number between 0.0001 and 1"),
        ({"mixture": (0.5, 0.5, 0.5)}, "sum to 1.5, not 1"),
    ],
)
def test_a_wrong_option_is_refused(options, message):
    with pytest.raises(gs.SpecError, match=f"(?s){message}"):
        gs.fit(CBPP, **options)


def test_data_in_the_place_of_the_model_are_refused():
    with pytest.raises(gs.SpecError, match=r"a model is .* not a DataFrame") as said:
        gs.fit(gs.load_data("cbpp"), "incidence ~ period | herd", family="poisson")
    assert said.value.hint == "give the model first and then the data"


def test_neither_data_nor_their_name_is_refused():
    with pytest.raises(gs.DataError):
        gs.fit("family poisson\ny ~ x | g")


def test_progress_sees_every_round():
    seen = []
    fit = gs.fit(CBPP, progress=seen.append, **OPTIONS)
    assert tuple(seen) == fit.estimate.rounds


def test_jaxs_settings_are_left_alone():
    """In a process of its own, where nothing else has been at work."""
    code = f"""
import jax, glmmspec as gs
gs.fit({str(CBPP)!r}, **{OPTIONS!r})
assert not jax.config.jax_enable_x64
assert jax.numpy.ones(2).dtype == jax.numpy.float32
"""
    subprocess.run([sys.executable, "-c", code], check=True)
