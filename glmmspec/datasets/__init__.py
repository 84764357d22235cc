"""The data sets that ship with glmmspec: published data, each documented by source and column.

Everything but `load` answers from the table below, without reading a file or importing pandas.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from glmmspec.errors import DataError, did_you_mean_or_list

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Dataset:
    """One data set.

    Attributes
    ----------
    name
        The name a spec's `data` statement gives it.
    title, source
        What it is about, and where it was published.
    n_rows
        Number of rows.
    columns
        The meaning of each column, in the file's order.
    identifiers
        Columns whose values are labels, which load as categoricals whatever they look like.
    """

    name: str
    title: str
    source: str
    n_rows: int
    columns: dict[str, str]
    identifiers: tuple[str, ...] = ()


_ALL: dict[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        Dataset(
            name="bacteria",
            title="Presence of H. influenzae in children with otitis media",
            source="Amanda Leach, Menzies School of Health Research; Venables and Ripley (2002),"
            " section 10.4; R package MASS",
            n_rows=220,
            columns={
                "y": "bacteria present (y) or absent (n)",
                "ap": "active treatment (a) or placebo (p)",
                "hilo": "compliance, high (hi) or low (lo)",
                "week": "week of the test: 0, 2, 4, 6 or 11",
                "ID": "child, 50 of them",
                "trt": "placebo; drug (active, low compliance); drug+ (active, high compliance)",
            },
            identifiers=("ID",),
        ),
        Dataset(
            name="cbpp",
            title="Contagious bovine pleuropneumonia in zebu herds",
            source="Lesnoff et al. (2004), Preventive Veterinary Medicine 64, 27-40; R package lme4",
            n_rows=56,
            columns={
                "herd": "herd, 15 of them",
                "incidence": "new serological cases in the period",
                "size": "animals in the herd at the start of the period",
                "period": "period, 1 to 4",
            },
            identifiers=("herd", "period"),
        ),
        Dataset(
            name="epil",
            title="Seizures of epileptics",
            source="Thall and Vail (1990), Biometrics 46, 657-671; Venables and Ripley (2002), section 10.4;"
            " R package MASS",
            n_rows=236,
            columns={
                "y": "seizures in the two weeks of the period",
                "trt": "treatment: placebo or progabide",
                "base": "seizures in the eight weeks before treatment",
                "age": "age in years",
                "V4": "1 in the fourth period, 0 before",
                "subject": "patient, 1 to 59",
                "period": "period, 1 to 4",
                "lbase": "log of base, less its mean",
                "lage": "log of age, less its mean",
            },
            identifiers=("subject",),
        ),
        Dataset(
            name="grouseticks",
            title="Ticks on the heads of red grouse chicks",
            source="Elston et al. (2001), Parasitology 122, 563-569; R package lme4",
            n_rows=403,
            columns={
                "INDEX": "chick, one per row",
                "TICKS": "ticks counted on the chick",
                "BROOD": "brood, 118 of them",
                "HEIGHT": "height above sea level in metres",
                "YEAR": "year, 95 to 97 (of the 1900s)",
                "LOCATION": "location, 63 of them",
                "cHEIGHT": "HEIGHT less its mean",
            },
            identifiers=("INDEX", "BROOD", "YEAR", "LOCATION"),
        ),
        Dataset(
            name="murder",
            title="Homicide victims that people knew",
            source="General Social Survey 1990; Agresti (2002), Categorical Data Analysis, 2nd ed.,"
            " table 13.6, here with a row for each respondent",
            n_rows=1308,
            columns={
                "subject": "respondent, one per row",
                "y": "victims of homicide whom the respondent knew personally, in the past 12 months",
                "race": "black or white, by the respondent's own account",
                "black": "1 if black, 0 if white",
                "white": "1 if white, 0 if black",
            },
            identifiers=("subject",),
        ),
        Dataset(
            name="salamander",
            title="Salamander mating, all three experiments",
            source="S. J. Arnold and P. A. Verrell; McCullagh and Nelder (1989), section 14.5",
            n_rows=360,
            columns={
                "Mate": "the pair mated (1) or did not (0)",
                "Cross": "population of the female, then of the male: R (Rough Butt) or W (Whiteside)",
                "Female": "female, 1 to 60 over the experiments",
                "Male": "male, 1 to 60 over the experiments",
            },
            identifiers=("Female", "Male"),
        ),
    )
}


def names() -> tuple[str, ...]:
    """The names of the data sets, sorted."""
    return tuple(_ALL)


def describe(name: str) -> Dataset:
    """Source, columns and size of a data set.

    Raises
    ------
    DataError
        If no data set has that name; the nearest one is suggested.
    """
    if name not in _ALL:
        raise DataError(f"unknown data set '{name}'", hint=did_you_mean_or_list(name, _ALL), code="G138")
    return _ALL[name]


def path(name: str) -> Path:
    """The CSV file of a data set.

    Raises
    ------
    DataError
        If no data set has that name; the nearest one is suggested.
    """
    return Path(__file__).with_name(f"{describe(name).name}.csv")


def load(name: str) -> pd.DataFrame:
    """A data set, its identifier columns as categoricals of text, numbered ones in numeric order.

    Raises
    ------
    DataError
        If no data set has that name; the nearest one is suggested.
    """
    dataset = describe(name)
    import pandas as pd

    frame = pd.read_csv(path(name), engine="pyarrow")
    for column in dataset.identifiers:
        labels = frame[column].astype("category").cat
        frame[column] = labels.rename_categories([str(label) for label in labels.categories])
    return frame
