"""What keeps a file from taking all of memory: a field or a table that is far larger than any meant."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, BinaryIO

from glmmspec.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

MAX_FIELD = csv.field_size_limit()
"""Longest field of a text file, in characters: the standard library's own limit, 131,072."""

MAX_BYTES = 2**33
"""Most memory, in bytes, that a Parquet file may unfold to."""

_BLOCK = 2**15

_CONTENTS = {
    b"PAR1": "a Parquet file: name it .parquet",
    b"\x1f\x8b": "compressed: unpack it first",
    b"PK\x03\x04": "an archive or a spreadsheet: save it as CSV",
    b"\xd0\xcf\x11\xe0": "a spreadsheet: save it as CSV",
    b"\x89HDF": "an HDF5 file: save it as CSV or Parquet",
}


def check_is_text(file: BinaryIO, name: str) -> None:
    """Refuse a file whose first bytes are those of some other format.

    Raises
    ------
    DataError
        Naming the format.
    """
    start = file.read(4)
    file.seek(0)
    for magic, contents in _CONTENTS.items():
        if start.startswith(magic):
            raise DataError(f"{name} is no text file", hint=f"by its contents it is {contents}")


def check_fields(file: BinaryIO, delimiter: str, name: str) -> None:
    """Refuse a text file that has a field longer than `MAX_FIELD`.

    pyarrow takes 14 bytes of memory and a quarter of a microsecond for each byte of such a field.

    Raises
    ------
    DataError
        With the line.
    """
    if _may_have_long_field(file):
        _check_every_field(file, delimiter, name)
    file.seek(0)


def _may_have_long_field(file: BinaryIO) -> bool:
    """Quickly: whether a stretch of the file lies within one row, or, if there are quotes, between two."""
    file.seek(0)
    quoted = False
    while block := file.read(_BLOCK):
        if len(block) == _BLOCK and (b"\n" not in block or (quoted and b'"' not in block)):
            return True
        quoted = quoted or b'"' in block
    return False


def _check_every_field(file: BinaryIO, delimiter: str, name: str) -> None:
    file.seek(0)
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    rows = csv.reader(text, delimiter=delimiter)
    try:
        for _ in rows:
            pass
    except csv.Error as error:
        raise DataError(
            f"{name} has a field of more than {MAX_FIELD:,} characters near line {rows.line_num}",
            hint="is a quote never closed?",
        ) from error
    finally:
        text.detach()


def read_parquet(file: BinaryIO) -> pa.Table:
    """The table of a Parquet file, unless it unfolds to more than `MAX_BYTES`.

    Text is read as the dictionary it is stored as, so that its size is known before it is unfolded.

    Raises
    ------
    DataError
        If it does.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    metadata = pq.read_metadata(file)
    _check_size(metadata.num_rows * max(metadata.num_columns, 1) * 8)
    schema = pq.read_schema(file)
    texts = [field.name for field in schema if pa.types.is_string(field.type)]
    table = pq.ParquetFile(file, read_dictionary=texts).read()
    _check_size(sum(_unfolded(table[text]) for text in texts))
    return table.cast(schema)


def _unfolded(column: pa.ChunkedArray) -> int:
    """The bytes that a column of dictionaries of text takes as text."""
    import pyarrow.compute as pc

    return sum(
        pc.sum(pc.take(pc.binary_length(chunk.dictionary), chunk.indices)).as_py() or 0
        for chunk in column.chunks
    )


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise DataError(
            f"the table takes {size / 2**30:.0f} GiB of memory, and at most {MAX_BYTES / 2**30:.0f} are read",
            hint="keep the columns that the model uses, or give a data frame",
        )
