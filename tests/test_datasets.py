import csv
import subprocess
import sys
from pathlib import Path

import pytest

from glmmspec import datasets
from glmmspec.errors import DataError


@pytest.mark.parametrize("name", datasets.names())
def test_what_is_said_of_a_data_set_is_so(name):
    described, frame = datasets.describe(name), datasets.load(name)
    assert tuple(frame.columns) == tuple(described.columns)
    assert len(frame) == described.n_rows
    assert not frame.isna().any(axis=None)
    assert set(described.identifiers) == set(frame.select_dtypes("category").columns)


@pytest.mark.parametrize("name", datasets.names())
def test_columns_are_those_of_the_file(name):
    path = Path(datasets.__file__).with_name(f"{name}.csv")
    with path.open(newline="", encoding="utf-8") as file:
        assert tuple(next(csv.reader(file))) == tuple(datasets.describe(name).columns)


def test_every_file_is_described():
    files = {path.stem for path in Path(datasets.__file__).parent.glob("*.csv")}
    assert files == set(datasets.names())


@pytest.mark.parametrize(
    ("name", "column", "count"),
    [
        ("salamander", "Female", 60),
        ("salamander", "Male", 60),
        ("cbpp", "herd", 15),
        ("cbpp", "period", 4),
        ("bacteria", "ID", 50),
        ("epil", "subject", 59),
        ("grouseticks", "INDEX", 403),
        ("grouseticks", "BROOD", 118),
        ("grouseticks", "LOCATION", 63),
        ("murder", "subject", 1308),
    ],
)
def test_identifiers_have_their_published_number(name, column, count):
    assert datasets.load(name)[column].nunique() == count


def test_the_respondents_are_those_of_agrestis_table():
    """Agresti (2002), table 13.6; also in the University of Virginia Library's article on these data,
    library.virginia.edu/data/articles/getting-started-with-negative-binomial-regression-modeling."""
    frame = datasets.load("murder")
    counted = frame.groupby("race").y.value_counts().unstack("race").reindex(range(7)).fillna(0)
    assert counted.black.tolist() == [119, 16, 12, 7, 3, 2, 0]
    assert counted.white.tolist() == [1070, 60, 14, 4, 0, 0, 1]
    assert ((frame.race == "black") == frame.black.astype(bool)).all()
    assert (frame.black + frame.white == 1).all()


def test_numbered_identifiers_are_in_numeric_order():
    assert datasets.load("cbpp")["herd"].cat.categories.tolist() == [str(i) for i in range(1, 16)]


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(DataError, match="unknown data set 'salamandar'") as caught:
        datasets.load("salamandar")
    assert caught.value.hint == "did you mean 'salamander'?"


def test_describing_imports_no_pandas():
    code = (
        "import sys, glmmspec.datasets as d, glmmspec.tables, glmmspec.usage;"
        "[d.describe(name).columns for name in d.names()];"
        "assert 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def markdown(dataset):
    """A data set's entry in docs/data.md."""
    lines = [f"### {dataset.name}", "", f"{dataset.title}; {dataset.n_rows} rows. {dataset.source}.", ""]
    lines += ["| column | |", "|---|---|"]
    for column, meaning in dataset.columns.items():
        lines.append(f"| {column}{'*' if column in dataset.identifiers else ''} | {meaning} |")
    return "\n".join(lines) + "\n"


def test_the_documentation_lists_every_data_set():
    text = (Path(__file__).parents[1] / "docs" / "data.md").read_text(encoding="utf-8")
    assert text.endswith("\n".join(markdown(datasets.describe(name)) for name in datasets.names()))
