import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from glmmspec import tables
from glmmspec.errors import DataError

NA = None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,x\n2,y\n", {"a": [1, 2], "b": ["x", "y"]}),
        ("a\n1\nNA\n3\n", {"a": [1, NA, 3]}),
        ("a,b\n1,\n2,z\n", {"a": [1, 2], "b": [NA, "z"]}),
        ("a\nNone\nnull\nNaN\nn/a\n", {"a": ["None", "null", "NaN", "n/a"]}),
        ("a\n1.5\nnan\n", {"a": ["1.5", "nan"]}),
        ("a\ntrue\nNA\nFALSE\n", {"a": [True, NA, False]}),
        ("a\n0\n1\n", {"a": [0, 1]}),
        ("a\n1\n2.5\n", {"a": [1.0, 2.5]}),
        ('a\n"x, ""y"""\n"two\nlines"\n', {"a": ['x, "y"', "two\nlines"]}),
        ("a\n2020-01-01\n2020-02-01\n", {"a": ["2020-01-01", "2020-02-01"]}),
        ("\ufeffa,b\r\n1,2\r\n", {"a": [1], "b": [2]}),
        ("a\n9007199254740993\nNA\n", {"a": [9007199254740993, NA]}),
        (" a\n x \n", {" a": [" x "]}),
        ("\n\na,b\n\n1,2\n", {"a": [1], "b": [2]}),
        ("a,b\r1,2\r", {"a": [1], "b": [2]}),
        ('"a\n",b\n1,2', {"a\n": [1], "b": [2]}),
    ],
)
def test_text_is_read_as_written(tmp_path, text, expected):
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8", newline="")
    frame = tables.read_table(path)
    read = {name: [NA if pd.isna(v) else v for v in frame[name]] for name in frame.columns}
    assert read == expected
    assert tables.header(path) == tuple(expected)


def test_types_are_told_from_all_rows(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("a\n" + "1\n" * 700_000 + "x\n")
    assert tables.read_table(path)["a"].iloc[-1] == "x"


def test_tab_separated(tmp_path):
    path = tmp_path / "table.TSV"
    path.write_text("a\tb, c\n1\t2\n")
    assert tables.read_table(path).to_dict("list") == {"a": [1], "b, c": [2]}


def test_parquet(tmp_path):
    path = tmp_path / "table.parquet"
    table = pa.table({"a": pa.array([1, None]), "g": pa.array(["NA", "y"]).dictionary_encode()})
    pq.write_table(table, path)
    frame = tables.read_table(path)
    assert frame["a"].isna().tolist() == [False, True]
    assert frame["g"].tolist() == ["NA", "y"]
    assert tables.header(path) == ("a", "g")


@pytest.mark.parametrize(
    ("name", "contents", "message"),
    [
        ("a.csv", b"", "has no columns"),
        ("a.csv", b"\n\n", "has no columns"),
        ("a.csv", b"a,a\n1,2\n", "two columns named 'a'"),
        ("a.csv", b"a,b\n1,2\n3\n", "Row #3: Expected 2 columns, got 1"),
        ("a.csv", b"a,b\n1,2,3\n", "Expected 2 columns, got 3"),
        ("a.csv", b"a\n\xff\xfe\n", "not UTF-8"),
        ("a.csv", b"a\n" + b"b\n" * 9999 + b"\xff\n", r"not UTF-8 text \(.* Row #10001"),
        ("a.csv", "a,b\n1,2\n".encode("utf-16"), "not UTF-8"),
        ("a.csv", b"a\xff\n1\n", "not UTF-8"),
        ("a.csv", b"y;x;g\n1;0,5;2\n", "separated by ';', not by ','"),
        ("a.csv", b"y\tx\n1\t2\n", r"separated by '\\t', not by ','"),
        ("a.tsv", b"y;x\n1;2\n", r"separated by ';', not by '\\t'"),
        ("a.parquet", b"PAR1", "cannot read"),
        ("a.xlsx", b"a\n1\n", "cannot tell the format"),
        ("a", b"a\n1\n", "cannot tell the format"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path, name, contents, message):
    path = tmp_path / name
    path.write_bytes(contents)
    with pytest.raises(DataError, match=message) as caught:
        tables.read_table(path)
    assert str(path) in caught.value.message


@pytest.mark.parametrize("read", [tables.read_table, tables.header])
@pytest.mark.parametrize("url", ["https://example.org/a.csv", "file:///a.csv", "s3://bucket/a.parquet"])
def test_nothing_is_fetched(read, url):
    with pytest.raises(DataError, match="is not a path"):
        read(url)


def test_only_regular_files_are_read(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match="is a folder"):
        tables.read_table(tmp_path / "folder.csv")
    with pytest.raises(DataError, match="there is no file"):
        tables.read_table(tmp_path / "absent.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match="not a regular file"):
        tables.read_table(tmp_path / "pipe.csv")


@pytest.mark.parametrize(
    "data",
    [
        {"a": [1, 2], "g": ["x", "y"]},
        pd.DataFrame({"a": [1, 2], "g": ["x", "y"]}),
        pa.table({"a": [1, 2], "g": ["x", "y"]}),
    ],
    ids=lambda data: type(data).__module__,
)
def test_tables_in_memory(data):
    assert tables.as_frame(data).to_dict("list") == {"a": [1, 2], "g": ["x", "y"]}


def test_an_arrow_dictionary_is_a_categorical():
    values = pd.arrays.ArrowExtensionArray(pa.array(["b", "a", None]).dictionary_encode())
    frame = pd.DataFrame({"g": values}, index=[7, 8, 9])
    read = tables.as_frame(frame)["g"]
    assert read.cat.categories.tolist() == ["b", "a"]
    assert read.cat.codes.tolist() == [0, 1, -1]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([1, 2], "cannot use a list"),
        (pd.Series([1]), "cannot use a Series"),
        ({"a": [1, 2], "b": [1]}, "cannot use a dict"),
        ({}, "has no columns"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns named 'a'"),
        (pd.DataFrame(np.ones((2, 2))), "named 0, which is not text"),
    ],
)
def test_what_is_no_table(data, message):
    with pytest.raises(DataError, match=message):
        tables.as_frame(data)
