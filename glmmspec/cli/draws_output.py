"""Where the draws of a posterior are written: netCDF, a file, or Zarr, a folder."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from glmmspec.errors import GlmmSpecError
from glmmspec.files import check_new_folder, check_writable, folder_written_whole, written_whole

if TYPE_CHECKING:
    from xarray import DataTree


def check_output(path: Path) -> None:
    """Refuse, before draws are made, a path they could not be written to.

    Raises
    ------
    GlmmSpecError
        If its name ends in neither `.nc` nor `.zarr`, it cannot be written, or the package zarr is missing.
    """
    match path.suffix:
        case ".nc":
            check_writable(path)
        case ".zarr":
            if find_spec("zarr") is None:
                raise GlmmSpecError(
                    f"cannot write {path}: the package zarr is not installed",
                    hint="pip install 'glmmspec[zarr]', or call it PATH.nc for netCDF",
                )
            check_new_folder(path)
        case _:
            raise GlmmSpecError(
                f"cannot write {path}: draws are kept as netCDF or Zarr", hint="call it PATH.nc or PATH.zarr"
            )


def write_draws(tree: DataTree, path: Path) -> None:
    """Write all groups, whole or not at all.

    Raises
    ------
    GlmmSpecError
        If that fails.
    """
    if path.suffix == ".zarr":
        with folder_written_whole(path) as temporary:
            # Format 3 has no stable form for the names of coefficients and levels, fixed-width strings.
            tree.to_zarr(temporary, zarr_format=2)
    else:
        with written_whole(path) as temporary:
            tree.to_netcdf(temporary, engine="h5netcdf")
