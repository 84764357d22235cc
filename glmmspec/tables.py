"""Reading tables: CSV, TSV and Parquet files, and whatever data frame a caller has in hand."""

from __future__ import annotations

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from glmmspec import datasets
from glmmspec.errors import DataError
from glmmspec.table_limits import check_fields, check_is_text, read_parquet

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from glmmspec.ir import DataReference, Model

MISSING_WORDS = ("", "NA")
"""What stands for a missing value in a text file; every other word is a value."""

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_OTHER_DELIMITERS = {
    ";": "save it with commas, and points in numbers, or give a data frame:"
    " pandas.read_csv(path, sep=';', decimal=',')",
    "\t": "call it .tsv",
}
"""What else separates fields in files, and what to do about it."""

_ENDINGS = (*_DELIMITERS, ".parquet")
_MAX_REASON = 300
"""How much is shown of why a file cannot be read: the reader quotes the row, however long."""

_SAVE_AS_UTF8 = "save it in the encoding UTF-8"


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a CSV, TSV or Parquet file, told by its ending, as a data frame.

    In text files the first line names the columns, and a column is of whole numbers, numbers, or
    truth values (`true`, `false`) if all its fields are, of text otherwise.

    Raises
    ------
    DataError
        If the path is not a regular file with one of these endings, or its contents are
        malformed: not UTF-8, a line of the wrong length, a column name used twice.
    """
    path = Path(path)
    # What is wrong with the names is said alike by both ways of reading them.
    header(path)
    import pyarrow as pa

    with _opened(path, pa.ArrowException) as file:
        table = read_parquet(file) if path.suffix.lower() == ".parquet" else _text(file, path)
    return _to_pandas(table)


def header(path: str | Path) -> tuple[str, ...]:
    """The column names of a file, read without pandas or the rest of the file.

    Raises
    ------
    DataError
        As `read_table`, as far as the names show it.
    """
    path = Path(path)
    found = _parquet_header(path) if path.suffix.lower() == ".parquet" else _text_header(path)
    _check_names(found, str(path))
    return found


def _parquet_header(path: Path) -> tuple[str, ...]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with _opened(path, pa.ArrowException) as file:
        return tuple(pq.read_schema(file).names)


def _text_header(path: Path) -> tuple[str, ...]:
    with _opened(path) as file:
        check_is_text(file, str(path))
        lines = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        rows = csv.reader(lines, delimiter=_DELIMITERS[path.suffix.lower()])
        found = tuple(next(filter(None, rows), ()))
    _check_delimiter(found, path)
    return found


def _check_delimiter(names: tuple[str, ...], path: Path) -> None:
    """Refuse a table of one column whose name holds what else separates fields."""
    used = _DELIMITERS[path.suffix.lower()]
    for other, hint in _OTHER_DELIMITERS.items():
        if len(names) == 1 and other != used and other in names[0]:
            raise DataError(
                f"the fields of {path} seem to be separated by {other!r}, not by {used!r}",
                hint=hint,
                code="G223",
            )


def as_frame(data: Any) -> pd.DataFrame:
    """A pandas data frame from one, from a mapping of columns, or from any table narwhals reads.

    Raises
    ------
    DataError
        If `data` is none of these, its columns differ in length, or a column's name is not text or
        is used twice.
    """
    import narwhals as nw
    import pandas as pd

    try:
        if isinstance(data, Mapping):
            frame = pd.DataFrame(dict(data))
        elif isinstance(data, pd.DataFrame):
            frame = data
        else:
            frame = nw.from_native(data, eager_only=True).to_pandas()
    except (TypeError, ValueError) as error:
        raise DataError(
            f"cannot use a {type(data).__name__} as data",
            hint="give a pandas, polars or pyarrow table, or a dict of equally long columns",
            code="G223",
        ) from error
    _check_names(list(frame.columns), "the data")
    return _with_categoricals(frame)


def resolve(model: Model) -> pd.DataFrame:
    """The data that a model names; a file is looked for beside the spec that names it.

    Raises
    ------
    DataError
        If it names none, or they cannot be read.
    """
    reference = _reference(model)
    return datasets.load(reference.name) if reference.kind == "shipped" else read_table(data_path(model))


def column_names(model: Model) -> tuple[str, ...]:
    """The columns of the data that a model names, read without pandas or the rest of the file.

    Raises
    ------
    DataError
        As `resolve`, as far as the names show it.
    """
    reference = _reference(model)
    if reference.kind == "shipped":
        return tuple(datasets.describe(reference.name).columns)
    return header(data_path(model))


def data_path(model: Model) -> Path:
    """The file of the data that a model names, which is looked for beside the spec that names it.

    Raises
    ------
    DataError
        If it names none, a URL, or a file outside the folder of the spec.
    """
    reference = _reference(model)
    if reference.kind == "shipped":
        return datasets.path(reference.name)
    _check_name(reference.name)
    folder = Path(model.source.name).parent if model.source is not None else Path()
    path = folder / reference.name
    # Links are followed: what they point to has to be inside too.
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        raise DataError(
            f"the data file '{reference.name}' is outside the folder of the spec",
            hint="a spec, wherever it comes from, reads files beside it only: give others with --data,"
            " or as a data frame",
            code="G223",
        )
    return path


def _reference(model: Model) -> DataReference:
    if model.data is None:
        raise DataError(
            "the model names no data",
            hint='give a data frame, or add a statement: data salamander, or data "file.csv"',
            code="G224",
        )
    return model.data


def _with_categoricals(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with Arrow's dictionary columns as the categoricals that they are."""
    import pandas as pd
    import pyarrow as pa

    converted = frame.copy(deep=False)
    for name, column in frame.items():
        if isinstance(column.dtype, pd.ArrowDtype) and pa.types.is_dictionary(column.dtype.pyarrow_dtype):
            converted[name] = pa.array(column).to_pandas().array
    return converted


@contextmanager
def _opened(path: Path, *unreadable: type[Exception]) -> Iterator[BinaryIO]:
    """The regular file at `path`; errors of reading it, `unreadable` among them, become DataErrors."""
    _check_path(path)
    try:
        with path.open("rb") as file:
            yield file
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text", hint=_SAVE_AS_UTF8, code="G223") from error
    except Exception as error:
        if not isinstance(error, (OSError, csv.Error, *unreadable)):
            raise
        reason = str(error).strip()[:_MAX_REASON]
        if "invalid UTF8" in reason:
            raise DataError(
                f"{path} is not UTF-8 text ({reason})", hint=_SAVE_AS_UTF8, code="G223"
            ) from error
        raise DataError(f"cannot read {path}: {reason}", code="G223") from error


def _check_path(path: Path) -> None:
    _check_name(str(path))
    if path.suffix.lower() not in _ENDINGS:
        raise DataError(
            f"cannot tell the format of {path} by its ending",
            hint=f"known: {', '.join(_ENDINGS)}",
            code="G223",
        )
    if path.is_dir():
        raise DataError(f"{path} is a folder, not a file", code="G223")
    if not path.exists():
        raise DataError(f"there is no file {path}", code="G223")
    if not path.is_file():
        raise DataError(f"{path} is not a regular file", hint="write the table to a file first", code="G223")


def _check_name(name: str) -> None:
    if "\0" in name:
        raise DataError(f"{name!r} is not a path", code="G223")
    # A scheme has two letters or more: C:/ is a drive. A Path writes one slash for two.
    if re.match(r"[A-Za-z][\w+.-]+:/", name):
        raise DataError(
            f"'{name}' is not a path", hint="glmmspec fetches nothing: download the file first", code="G223"
        )


def _check_names(names: Sequence[Any], where: str) -> None:
    """Refuse columns that a formula could not name, or could not tell apart."""
    if not names:
        raise DataError(f"{where} has no columns", code="G223")
    for name in names:
        if not isinstance(name, str):
            raise DataError(
                f"a column of {where} is named {name!r}, which is not text", hint="rename it", code="G223"
            )
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise DataError(f"{where} has two columns named '{twice[0]}'", hint="rename one of them", code="G223")


def _text(file: BinaryIO, path: Path) -> pa.Table:
    """The table of a text file, its columns' types told from all of its rows."""
    import pyarrow as pa

    check_fields(file, _DELIMITERS[path.suffix.lower()], str(path))
    table = _read_text(file, path, {})
    as_text = {
        name: pa.string()
        for name, column in zip(table.column_names, table.columns, strict=True)
        if not _is_plain(column)
    }
    if not as_text:
        return table
    file.seek(0)
    return _read_text(file, path, as_text)


def _read_text(file: BinaryIO, path: Path, types: dict[str, pa.DataType]) -> pa.Table:
    from pyarrow import csv as arrow

    # Types are told from the first block, so the whole file has to be one block.
    block = min(path.stat().st_size + 1, 2**31 - 1)
    return arrow.read_csv(
        file,
        read_options=arrow.ReadOptions(block_size=block, use_threads=False),
        parse_options=arrow.ParseOptions(
            delimiter=_DELIMITERS[path.suffix.lower()], newlines_in_values=True, ignore_empty_lines=True
        ),
        convert_options=arrow.ConvertOptions(
            null_values=list(MISSING_WORDS), strings_can_be_null=True, column_types=types
        ),
    )


def _is_plain(column: pa.ChunkedArray) -> bool:
    """False for dates and times, and for numbers among which stands the word nan: all these are text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_floating(column.type):
        return not pc.any(pc.is_nan(column)).as_py()
    # What is not UTF-8 comes as binary; asked for as text, it is refused.
    return not (pa.types.is_temporal(column.type) or pa.types.is_binary(column.type))


def _to_pandas(table: pa.Table) -> pd.DataFrame:
    """As pandas, where integers and truth values stay what they are if some are missing."""
    import pandas as pd
    import pyarrow as pa

    kept = {
        column.type
        for column in table.columns
        if column.null_count and (pa.types.is_integer(column.type) or pa.types.is_boolean(column.type))
    }
    nullable = {pa.bool_(): pd.BooleanDtype(), pa.int64(): pd.Int64Dtype()}
    frame: pd.DataFrame = table.to_pandas(
        types_mapper=lambda kind: nullable.get(kind) if kind in kept else None, ignore_metadata=True
    )
    return frame
