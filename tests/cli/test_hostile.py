"""Specs and files made to exhaust the machine or to reach elsewhere: refused, in bounded time and memory."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.forks import Forks
from tests.cli.support import environment, limited

SECONDS = 120
"""Longest that a refusal may take; the slowest takes 5 s where nothing else runs."""

MEMORY = 3 * 2**30
"""Address space of the program, in bytes: of which the numerical libraries take the most."""

TABLE = "y,x,g\n" + "".join(f"{i % 3},{i * 7 % 11},{i % 5}\n" for i in range(40))
FAMILY = "family poisson\n"
PRODUCT = "*".join("abcdefghijkl")


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with Forks("RLIMIT_AS", MEMORY) as forks:
        yield forks


def refused(forks: Forks, *arguments: object) -> str:
    """What is said of a refusal, in a process of its own, which the limits hold for."""
    ended = forks.glmmspec(*arguments, seconds=SECONDS)
    assert not ended.late
    assert (ended.returncode, ended.stdout) == (2, ""), ended.stderr[-2000:]
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_the_limits_hold_for_each(forks: Forks) -> None:
    """Negative control: what takes too much memory or time, or is killed, is not taken for refused."""
    for code, says in (
        (f"bytearray({MEMORY})", "MemoryError"),
        ("while True: pass", "late=True"),
        ("import os; os.abort()", "returncode=-6"),
    ):
        ended = forks.python(code, seconds=1)
        assert ended.returncode != 2
        assert says in str(ended)
    assert forks.glmmspec("--version", seconds=SECONDS).stdout.startswith("glmmspec ")


SPECS = {
    "nested brackets": ("y ~ " + "(" * 100_000 + "x" + ")" * 100_000 + " | g", "nested more than 64 deep"),
    "nested signs": ("y ~ I(" + "-" * 100_000 + "x) | g", "nested more than 64 deep"),
    "a power of many": ("y ~ (x" + "+x".join(map(str, range(60))) + ")^50 | g", "more than 10,000 terms"),
    "a degree of 10^9": ("y ~ poly(x, 1000000000) | g", "expected a whole number from 1 to 20"),
    "a spline of 10^9": ("y ~ bs(x, df = 1e9) | g", "expected a whole number from 1 to 50"),
    "10^18 draws": ("y ~ x | g\nsolver draws = 1e18", "expected a whole number between 16 and 2147483648"),
    "a seed of 5000 digits": ("y ~ x | g\nsolver seed = 1" + "0" * 5000, "this number is too large"),
    "megabytes on a line": ("y ~ " + "x" * 3_000_000 + " | g", "longer than 262,144 characters"),
    "a million terms": ("y ~ x" + " + x".join(map(str, range(1_000_000))) + " | g", "longer than 262,144"),
    "30,000 terms": ("y ~ " + " + ".join(f"x{i}" for i in range(30_000)) + " | g", "more than 10,000 terms"),
    "9,000 products": ("y ~ " + " + ".join([PRODUCT] * 9_000) + " | g", "more than 200,000 terms to expand"),
    "sums taken apart": (
        "y ~ x" + f" + (({PRODUCT}) - ({PRODUCT}))" * 1_000 + " | g", "more than 200,000 terms"),
    "25,000 random terms": ("y ~ x | " + ", ".join(f"g{i}" for i in range(25_000)), "at most 1,000 are read"),
    "a name of 200,000": ("y ~ " + "lo" * 100_000 + "(x) | g", "unknown function"),
    "no text": ("\0" * 200_000, "unexpected character"),
    "a hidden direction": ("y ~ \u202ex | g", "unexpected character U+202E"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), SPECS.values(), ids=SPECS)
def test_a_hostile_spec(forks: Forks, tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "hostile.glmm"
    path.write_text(FAMILY + text + "\n")
    assert message in refused(forks, "check", path)


def test_a_spec_without_end() -> None:
    """By the program as a user starts it."""
    command = [sys.executable, "-m", "glmmspec", "check", "/dev/zero"]
    ended = subprocess.run(
        limited("RLIMIT_AS", MEMORY, command), stdin=subprocess.DEVNULL, text=True,
        capture_output=True, env=environment(), timeout=SECONDS,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "longer than 262,144 characters" in ended.stderr


def _link(to: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(to)


def _bytes(contents: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(contents) and None


FILES: dict[str, tuple[str, Callable[[Path], object] | None, str]] = {
    "not there": ("absent.csv", None, "there is no file"),
    "above": ("../outside.csv", _bytes(TABLE.encode()), "is outside the folder of the spec"),
    "absolute": ("/etc/passwd", None, "is outside the folder of the spec"),
    "a device": ("/dev/zero", None, "is outside the folder of the spec"),
    "a link to a device": ("zero.csv", _link("/dev/zero"), "is outside the folder of the spec"),
    "a link out": ("link.csv", _link("/etc/passwd"), "is outside the folder of the spec"),
    "a link to itself": ("loop.csv", _link("loop.csv"), "there is no file"),
    "a pipe": ("pipe.csv", os.mkfifo, "is not a regular file"),
    "a folder": ("folder.csv", os.mkdir, "is a folder"),
    "a URL": ("https://example.org/a.csv", None, "glmmspec fetches nothing"),
    "a bucket": ("s3://bucket/a.parquet", None, "glmmspec fetches nothing"),
    "a file as a URL": ("file:///etc/passwd.csv", None, "glmmspec fetches nothing"),
    "Parquet called CSV": ("lie.csv", _bytes(b"PAR1" + bytes(100)), "it is a Parquet file: name it .parquet"),
    "CSV called Parquet": ("lie.parquet", _bytes(TABLE.encode()), "cannot read"),
    "compressed": ("lie.csv", _bytes(gzip.compress(TABLE.encode())), "it is compressed: unpack it first"),
    "UTF-32": ("lie.csv", _bytes(TABLE.encode("utf-32")), "is not UTF-8 text"),
    "a field of 100 MB": ("long.csv", _bytes(b"y,x,g\n1," + b"a" * 10**8 + b",1\n"), "a field of more than"),
    "a quote left open": ("open.csv", _bytes(b'y,x,g\n1,"' + b"a,1\n" * 10**7), "has a field of more than"),
    "a name of 100 MB": ("wide.csv", _bytes(b"a" * 10**8 + b",x\n1,2\n"), "field larger than field limit"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "make", "message"), FILES.values(), ids=FILES)
def test_a_hostile_data_file(
    forks: Forks, tmp_path: Path, name: str, make: Callable[[Path], object] | None, message: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    if make is not None:
        make(folder / name)
    (folder / "spec.glmm").write_text(f'data "{name}"\n{FAMILY}y ~ x | g\n')
    # `check` reads the names of the columns alone, as far as which `fit` does the same.
    said = refused(forks, "fit" if "a field" in message else "check", folder / "spec.glmm")
    assert message in said
    assert len(said) < 1000


def test_a_factor_of_many_levels_is_refused_before_it_is_a_matrix(forks: Forks, tmp_path: Path) -> None:
    rows = "".join(f"1,u{i % 50_000},{i % 7}\n" for i in range(60_000))
    (tmp_path / "data.csv").write_text("y,x,g\n" + rows)
    (tmp_path / "spec.glmm").write_text(f'data "data.csv"\n{FAMILY}y ~ x | g\n')
    said = refused(forks, "fit", tmp_path / "spec.glmm")
    assert "the fixed effects have 50,000 columns or more, which take 22 GiB, and at most 4 are used" in said


def test_no_network_and_no_file_that_was_not_named(tmp_path: Path) -> None:
    """Python reports every connection and every file opened; of the spec's folder, two are."""
    (tmp_path / "data.csv").write_text(TABLE)
    (tmp_path / "other.csv").write_text(TABLE)
    (tmp_path / "spec.glmm").write_text(f'data "data.csv"\n{FAMILY}y ~ x | g\nsolver draws = 256\n')
    code = f"""
import sys
seen = set()
def hook(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        seen.add(event)
    elif event == "open" and str(arguments[0]).startswith({str(tmp_path)!r}):
        seen.add(str(arguments[0]))
sys.addaudithook(hook)
from glmmspec.cli.app import app
try:
    app(["fit", {str(tmp_path / "spec.glmm")!r}])
except SystemExit as ended:
    assert ended.code in (0, 1), ended.code
print(sorted(seen))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment())
    assert ended.returncode == 0, ended.stderr
    named = [str(tmp_path / name) for name in ("data.csv", "spec.glmm")]
    assert ended.stdout.splitlines()[-1] == str(named)
