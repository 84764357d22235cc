"""A file that is no kept fit, or another than was written, is refused with its cause."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

import glmmspec as gs
from glmmspec.inference.storage import _digest, load, save

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


@pytest.fixture(scope="module")
def salamander() -> gs.Fit:
    return gs.fit(EXAMPLES / "salamander.glmm", draws=2048)


@pytest.fixture(scope="module")
def document(salamander: gs.Fit, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("kept") / "fit"
    save(salamander, path)
    return path.read_text()


def changed(document: str, path: Path, *keys: Any, to: Any) -> Path:
    """The document with one value changed, its digest made right; `...` takes the key away."""
    content = json.loads(document)
    inside = content
    for key in keys[:-1]:
        inside = inside[key]
    if to is ...:
        del inside[keys[-1]]
    else:
        inside[keys[-1]] = to(inside[keys[-1]]) if callable(to) else to
    content["sha256"] = _digest(
        {key: value for key, value in content.items() if key not in ("sha256", "glmmspec_fit")}
    )
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "not JSON"),
        (b"PK\x03\x04\xff", "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "it is no kept fit"),
        (b"null", "it is no kept fit"),
        (b'{"glmmspec": 1}', "it is no kept fit"),
        (b'{"glmmspec_fit": true}', "it is no kept fit"),
        (b'{"glmmspec_fit": 1, "glmmspec_fit": 1}', "stands twice"),
        (b'{"glmmspec_fit": 1}', "changed or damaged"),
        (b'{"glmmspec_fit": 4, "new": []}', "newer glmmspec"),
        (b'{"glmmspec_fit": 1, "seconds": NaN}', "NaN is not a number"),
        (b"9" * 5000, "too many digits"),
    ],
)
def test_what_is_no_kept_fit_is_refused(text: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "fit").write_bytes(text)
    with pytest.raises(gs.DataError, match=f"cannot load .*fit: .*{reason}"):
        load(tmp_path / "fit")


def test_a_file_cut_short_or_edited_is_refused(document: str, tmp_path: Path) -> None:
    (tmp_path / "short").write_text(document[: len(document) // 2])
    with pytest.raises(gs.DataError, match="not JSON"):
        load(tmp_path / "short")
    (tmp_path / "edited").write_text(document.replace('"R/R"', '"R/W"', 1))
    with pytest.raises(gs.DataError, match="changed or damaged"):
        load(tmp_path / "edited")
    # Its layout may change.
    (tmp_path / "indented").write_text(json.dumps(json.loads(document), indent=2))
    load(tmp_path / "indented")


def test_paths_that_are_no_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing", Path("/dev/zero"), tmp_path / "a\0b"):
        with pytest.raises(gs.DataError, match="cannot load"):
            load(path)


@pytest.mark.parametrize(
    ("keys", "value", "reason"),
    [
        (("model",), "y ~ x | g\nfamily poisson", "unknown column"),
        (("model",), "__import__('os').abort()", "unexpected character '_'"),
        (("model",), 3, "fit.model: expected text, not 3"),
        (("model",), ..., "the key 'model' is missing"),
        (("extra",), 1, "unknown key 'extra'"),
        (("options", "draws"), "many", "draws = many"),
        (("options", "sed"), 1, "unknown solver option 'sed'"),
        (("options", "devices"), {}, "devices"),
        (("columns",), {}, "expected a list"),
        (("columns",), [], "has no columns"),
        (("columns", 0, "type"), "object", "does not hold values of type 'object'"),
        (("columns", 0, "type"), "text", "does not hold values of type 'text'"),
        (("columns", 0, "type"), "decimal", "does not hold values of type 'decimal'"),
        (("columns", 0, "values", 3), 2**70, "does not hold values"),
        (("columns", 0, "values", 3), None, "does not hold values"),
        (("columns", 1, "values", 3), 999, "does not hold values"),
        (("columns", 1, "values", 3), -1, "does not hold values"),
        (("columns", 1, "values"), [0], "not of one length"),
        (("columns", 1, "name"), "Crocs", "unknown column 'Cross'"),
        (("columns", 1, "levels"), None, "does not hold values"),
        (("columns", 1, "levels", 0), 7, "expected text"),
        (("columns", 1, "levels", 0), "Z", "the parameters are not those of the model"),
        (("dropped",), [-1], "left out"),
        (("dropped",), [10**6], "left out"),
        (("dropped",), [1, 1], "left out"),
        (("dropped",), [2**64], "expected a whole number"),
        (("parameters",), [], "the parameters are not those"),
        (("warnings",), [{"kind": "Exception", "text": ""}], "unknown warning"),
        (("warnings",), [{"kind": "did_you_mean", "text": ""}], "unknown warning"),
        (("seconds",), "soon", "expected a number"),
        (("seconds",), 10**400, "expected a number"),
        (("estimate",), [], "expected an object"),
        (("estimate", "rounds"), [], "the estimate is not that of the last round"),
        (("estimate", "argument"), [1.0], "the estimate is not that of the last round"),
        (("estimate", "argument"), [[1.0]], "expected a number"),
        (("estimate", "basis"), [[1.0, 2.0], [3.0]], "differ in length"),
        (("estimate", "basis"), [[0.0] * 4] * 4, "the coordinates are not those of the data"),
        (("estimate", "basis", 0, 0), 1e300, "the coordinates are not those of the data"),
        (("estimate", "basis", 0, 0), "nan", "the coordinates are not those of the data"),
        (("estimate", "centre", "variances", 0), -1.0, "no value of the parameters"),
        (("estimate", "centre", "beta"), [0.0], "expected 4 values"),
        (("estimate", "weights", "k_hat"), [0.0], "expected"),
        (("estimate", "draws_limited_by"), 1, "expected text"),
        (("estimate", "settled"), 1, "expected true or false"),
        (("estimate", "rounds", -1, "draws"), 2**31 + 1, "draws"),
        (("estimate", "rounds", -1, "stream"), -1, "the draws are not described"),
        (("estimate", "rounds", -1, "free"), [True] * 7, "expected 6 values"),
        (("estimate", "rounds", -1, "free", 0), False, "free parameters"),
        (("estimate", "rounds", 0, "maximum", "steps", 0, "argument"), [1.0], "expected 6 values"),
    ],
)
def test_a_document_that_makes_no_sense_is_refused(
    document: str, tmp_path: Path, keys: tuple[Any, ...], value: Any, reason: str
) -> None:
    with pytest.raises(gs.DataError, match=f"(?s)cannot load .*fit: .*({reason})"):
        load(changed(document, tmp_path / "fit", *keys, to=value))


@pytest.mark.parametrize(
    ("keys", "value", "difference"),
    [
        (("options", "seed"), 2, "log-likelihood -20.* then and -20"),
        (("columns", 0, "values", 0), lambda y: 1 - y, "log-likelihood"),
        (("estimate", "argument", 0), lambda x: x + 1e-6, "another estimate"),
        (("estimate", "argument", 0), "inf", "then and -inf now"),
        (("estimate", "centre", "beta", 0), 1e300, "then"),
        (("estimate", "centre", "variances", 0), 1e-300, "then"),
        (("estimate", "rounds", -1, "draws"), 2**31, "do not fit in 1 GiB"),
        (("estimate", "rounds", -1, "stream"), 7, "log-likelihood"),
        (("estimate", "rounds", -1, "beta", 0), lambda x: x + 1e-6, "another estimate"),
        (("estimate", "rounds", -1, "maximum", "value"), lambda x: x + 1e-5, "log-likelihood"),
        (("estimate", "rounds", -1, "maximum", "gradient", 0), 1e-3, "another gradient"),
        (("estimate", "rounds", -1, "maximum", "hessian", 0, 1), 1e-3, "another Hessian"),
    ],
)
def test_another_likelihood_is_refused(
    document: str, tmp_path: Path, keys: tuple[Any, ...], value: Any, difference: str
) -> None:
    with pytest.raises(gs.FitError, match=difference):
        load(changed(document, tmp_path / "fit", *keys, to=value))


def test_the_versions_that_differ_are_named(document: str, tmp_path: Path) -> None:
    path = changed(document, tmp_path / "fit", "versions", "scipy", to="0.9")
    assert load(path).provenance.versions["scipy"] == "0.9"
    path = changed(path.read_text(), path, "options", "seed", to=2)
    with pytest.raises(gs.FitError, match="log-likelihood") as caught:
        load(path)
    assert "kept with scipy 0.9" in str(caught.value)


def test_an_option_that_came_later_has_its_default(document: str, salamander: gs.Fit, tmp_path: Path) -> None:
    assert load(changed(document, tmp_path / "fit", "options", "rmax", to=...)).options == salamander.options


def test_more_devices_than_there_are(document: str, tmp_path: Path) -> None:
    assert load(changed(document, tmp_path / "fit", "options", "devices", to=64)).options.devices == 64


def test_keeping_replaces_a_file_or_leaves_it(salamander: gs.Fit, tmp_path: Path) -> None:
    path = tmp_path / "fit"
    path.write_text("before")
    design = salamander.design
    other = dataclasses.replace(design, data=design.data.assign(Mate=1 - design.data["Mate"]))
    with pytest.raises(gs.DataError, match="would not be the same"):
        save(dataclasses.replace(salamander, design=other), path)
    assert path.read_text() == "before"
    with pytest.raises(gs.GlmmSpecError, match="there is no such folder"):
        save(salamander, tmp_path / "nowhere" / "fit")
    save(salamander, path)
    assert load(path).loglik == salamander.loglik
    assert list(tmp_path.iterdir()) == [path]
