"""A fit that was kept and loaded is the same fit; a file that is not such a fit is refused."""

from __future__ import annotations

import datetime
import json
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import glmmspec as gs
from glmmspec.inference.storage import VERSION, load, save

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"
KEPT = ROOT / "tests" / "reference" / "kept_fits"


def fitted(model: Any, data: Any = None, **options: Any) -> gs.Fit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gs.GlmmSpecWarning)
        return gs.fit(model, data, **{"draws": 256, **options})


@pytest.fixture(scope="module")
def salamander() -> gs.Fit:
    return fitted(EXAMPLES / "salamander.glmm")


def grouped(rows: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    group = np.arange(rows) % 6
    x = rng.normal(size=rows).round(2)
    y = rng.poisson(np.exp(0.5 + 0.3 * x + rng.normal(size=6)[group] * 0.7))
    return pd.DataFrame({"y": y, "x": x, "g": group})


def assert_same(loaded: gs.Fit, fit: gs.Fit) -> None:
    """Equal numbers, not close ones."""
    assert loaded.to_dict() == fit.to_dict()
    assert str(loaded.summary()) == str(fit.summary())
    assert loaded.model == fit.model
    assert loaded.options == fit.options
    assert loaded.provenance == fit.provenance
    assert [type(w) for w in loaded.warnings] == [type(w) for w in fit.warnings]
    assert loaded.loglik_kernel == fit.loglik_kernel
    for name in ("gradient", "hessian"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(fit, name))
    for name in ("ranef", "predict", "residuals", "fitted", "trace", "draws", "importance_weights"):
        _equal(getattr(loaded, name)(), getattr(fit, name)())
    for name in ("diagnostics", "model_matrix", "start_values", "start_effects", "simulate"):
        _equal(getattr(loaded, name)(), getattr(fit, name)())
    np.testing.assert_array_equal(loaded.design.rows, fit.design.rows)


def _equal(one: Any, other: Any) -> None:
    same = pd.testing.assert_frame_equal if isinstance(one, pd.DataFrame) else pd.testing.assert_series_equal
    same(one, other, check_exact=True, check_index_type=False)


def kept(fit: gs.Fit, path: Path) -> gs.Fit:
    save(fit, path)
    return load(path)


def test_a_kept_fit_is_the_same_fit(salamander: gs.Fit, tmp_path: Path) -> None:
    loaded = kept(salamander, tmp_path / "fit.json")
    assert_same(loaded, salamander)
    new = pd.DataFrame({"Cross": ["W/R"], "Female": ["new"], "Male": ["10"]})
    _equal(loaded.predict(new, new_levels="marginal"), salamander.predict(new, new_levels="marginal"))
    assert str(loaded.test("CrossR/R = CrossW/W")) == str(salamander.test("CrossR/R = CrossW/W"))
    assert (tmp_path / "fit.json").stat().st_size < 100_000
    # Kept again, it is the same file.
    save(loaded, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "fit.json").read_bytes()


@pytest.mark.parametrize(
    "options",
    [
        {"proposal": "mixture", "blocks": "joint"},
        {"points": "random"},
        {"draws": 16},
        {"iterlim": 1},
        {"start": (0.2, 0.1, 0.5)},
        {"draws": None, "max_draws": 512, "tolerance": 0.001},
    ],
    ids=str,
)
def test_every_setting_is_kept(options: dict[str, Any], tmp_path: Path) -> None:
    fit = fitted("y ~ x | factor(g)", grouped(), family="poisson", **options)
    assert_same(kept(fit, tmp_path / "fit"), fit)


@pytest.mark.parametrize(
    "spec",
    [
        "y ~ 0 | factor(g)",
        "y ~ poly(x, 2) + scale(w) | A = factor(g), A = factor(g):x",
        "y ~ x | factor(g)\nweights w\noffset log(w + 1)",
        'y ~ x | factor(g)\nlevels g = 5, 4, 3, 2, 1, 0\nprior fixed ~ normal(0, 2)\ntitle "a \\"b\\""',
    ],
)
def test_every_part_of_a_model_is_kept(spec: str, tmp_path: Path) -> None:
    data = grouped().assign(w=np.arange(60) % 3 + 0.5)
    fit = fitted(f"family poisson\n{spec}", data)
    assert_same(kept(fit, tmp_path / "fit"), fit)


def test_rows_of_weight_0_are_kept(tmp_path: Path) -> None:
    data = grouped().assign(w=np.arange(60) % 2)
    fit = fitted("y ~ x | factor(g)\nweights w", data, family="poisson")
    assert_same(kept(fit, tmp_path / "fit"), fit)


def test_a_variance_at_0_is_kept(tmp_path: Path) -> None:
    data = grouped().assign(y=np.repeat([1, 3], 30))
    fit = fitted("y ~ x | factor(g)", data, family="poisson")
    assert fit.on_boundary
    assert_same(kept(fit, tmp_path / "fit"), fit)


def test_rows_left_out_are_kept(tmp_path: Path) -> None:
    data = grouped()
    data.loc[[0, 7, 59], "x"] = np.nan
    fit = fitted("family poisson\ny ~ x | factor(g)\nmissing drop", data)
    loaded = kept(fit, tmp_path / "fit")
    assert_same(loaded, fit)
    assert loaded.design.n_dropped == 3
    assert list(loaded.predict().index) == [i for i in range(60) if i not in (0, 7, 59)]


_TEXT = np.array(["a", "b\x00", "", " é\n", "x,y", "None"], dtype=object)
_DAYS = [datetime.date(2020, 1, d) for d in range(1, 7)]


@pytest.mark.parametrize(
    ("spec", "groups"),
    [
        ("g", pd.Series(_TEXT)),
        ("g", pd.Series(_TEXT[[0, 2, 3, 5, 1, 1]], dtype="string")),
        ("g", pd.Series(pd.Categorical(_TEXT[:4].take([0, 1, 2, 3, 0, 1]), _TEXT[[3, 1, 0, 2, 5]]))),
        ("g", pd.Series(pd.Categorical([3, 1, 2, 2, 1, 3], [9, 3, 2, 1], ordered=True))),
        ("g", pd.Series(pd.cut(np.arange(6), 3))),
        ("g", pd.Series([1, 2, 3, 4, 5, 6], dtype="Int64")),
        ("g", pd.Series([2**60 + i for i in range(6)])),
        ("g", pd.Series([2**63 + i for i in range(6)], dtype="uint64")),
        ("g", pd.Series([2**70 + i for i in range(6)], dtype=object)),
        ("factor(g)", pd.Series(np.arange(6) / 10, dtype="float32")),
        ("factor(g)", pd.Series([Decimal("1.50"), Decimal("2.00"), Decimal(3)] * 2)),
        ("factor(g)", pd.Series([1, 2.5, 3, 4.25, 1, 2.5], dtype=object)),
        ("x:g", pd.Series([True, False] * 3)),
        ("factor(g)", pd.Series([True, False] * 3, dtype="boolean")),
        ("factor(g)", pd.Series([True, False] * 3, dtype=object)),
        ("factor(g)", pd.Series(pd.to_datetime(_DAYS))),
        ("factor(g)", pd.Series(pd.to_datetime(_DAYS)).dt.tz_localize("Europe/Berlin")),
        ("factor(g)", pd.Series(_DAYS, dtype=object)),
        ("factor(g)", pd.Series(pd.period_range("2020", periods=6, freq="M"))),
        ("factor(g)", pd.Series([(1, 2), (3, 4)] * 3)),
        ("g", pd.Series(["a", "b", "c"] * 2, dtype=pd.ArrowDtype(pa.string()))),
        (
            "g",
            pd.Series(
                pa.array(["a", "b"] * 3).dictionary_encode(),
                dtype=pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string())),
            ),
        ),
        (
            "factor(g)",
            pd.Series([Decimal("1.50"), Decimal("2.25")] * 3, dtype=pd.ArrowDtype(pa.decimal128(8, 2))),
        ),
        ("g", pd.Series([1, 2, 3] * 2, dtype=pd.ArrowDtype(pa.int16()))),
        ("x:factor(g)", pd.Series(pd.arrays.SparseArray([1.0, 0.0, 2.0] * 2))),
    ],
    ids=lambda value: str(value.dtype) if isinstance(value, pd.Series) else value,
)
def test_every_type_of_column_is_kept(spec: str, groups: pd.Series[Any], tmp_path: Path) -> None:
    data = grouped()
    data["g"] = groups.take(data["g"]).array
    fit = fitted(f"y ~ x | {spec}", data, family="poisson", draws=32, iterlim=3)
    loaded = kept(fit, tmp_path / "fit")
    assert loaded.design.data_hash == fit.design.data_hash
    assert loaded.to_dict() == fit.to_dict()
    _equal(loaded.ranef(), fit.ranef())


def test_columns_of_any_name_are_kept(tmp_path: Path) -> None:
    names = {"y": "the `y`".replace("`", "'"), "x": "../x\n\u2028", "g": "é"}
    spec = f"`{names['y']}` ~ 1 | factor(é)"
    fit = fitted(spec, grouped().rename(columns=names), family="poisson")
    assert_same(kept(fit, tmp_path / "fit"), fit)


@pytest.mark.parametrize("path", sorted(KEPT.glob("*.json")), ids=lambda path: path.stem)
def test_old_files_load_for_ever(path: Path, tmp_path: Path) -> None:
    """If scipy or numpy should draw otherwise some day, this fails, and says so to us before our users."""
    stored = json.loads(path.read_text())["estimate"]["rounds"][-1]
    fit = load(path)
    assert fit.loglik == stored["maximum"]["value"]
    assert list(fit.params()) == stored["beta"] + stored["variances"]
    assert kept(fit, tmp_path / "again").to_dict() == fit.to_dict()


def test_there_are_old_files() -> None:
    assert len(list(KEPT.glob(f"*-{VERSION}.json"))) == 5
