"""Data that do not fit their spec, and what to think of before a fit."""

from __future__ import annotations

from glmmspec.mistakes.mistake import Mistake

TABLE = """\
y,n,x,twice,late,gap,weight,low,a,b,one,text,g,h,row,m,who,same
0,2,0.5,1.0,0,1,1,-1,p,u,k,k,1,1,1,0.51,1,t
1,2,1.5,3.0,0,NA,1,1,p,v,k,l,1,1,2,1.52,2,s
0,2,-1.0,-2.0,0,2,0,1,q,u,k,m,2,2,3,-1.03,3,t
1,2,2.0,4.0,1,3,1,1,q,v,k,n,2,2,4,2.04,4,s
1,2,0.0,0.0,1,,1,1,p,u,k,k,3,3,5,0.05,5,s
0,2,1.0,2.0,0,4,1,1,p,v,k,l,3,3,6,1.06,6,t
0,2,3.0,6.0,0,5,1,1,q,u,k,m,4,4,7,3.07,7,t
1,2,2.5,5.0,1,6,1,1,q,v,k,n,4,4,8,2.58,8,s
"""
"""The data of the examples below, as CSV."""


def _spec(*lines: str) -> str:
    return "\n".join(("family bernoulli", *lines))


def _formula(*texts: str) -> tuple[str, ...]:
    return tuple(_spec(text) for text in texts)


DATA: tuple[Mistake, ...] = (
    Mistake(
        "G201",
        "an unknown column",
        "correct the name, or the data; a name with spaces or signs stands in backticks",
        _formula("y ~ X | g", "y ~ x | herd"),
    ),
    Mistake(
        "G202",
        "values are missing",
        "fill them in, or leave such rows out: missing drop",
        _formula("y ~ gap | g"),
        "In a text file an empty field and NA are missing values.",
    ),
    Mistake(
        "G203",
        "a column holds an infinite number",
        "make it missing (missing drop leaves such rows out), or a number",
    ),
    Mistake(
        "G204",
        "something is not numeric that has to be",
        "make numbers of it, or compare it, as in I(trt == 'drug')",
        (_spec("y ~ x | g", "weights text"), _spec("y ~ log(text) | g"), _spec("y ~ x + (0 + text | g)")),
    ),
    Mistake(
        "G205",
        "the response is outside its family's support",
        "bernoulli takes 0 and 1, true and false, or a factor of two levels; poisson and binomial"
        " take counts",
        (
            "family bernoulli\nn ~ x | g",
            "family poisson\nx ~ a | g",
            "family binomial\nproportion(n, y) ~ x | g",
        ),
    ),
    Mistake(
        "G206",
        "a Bernoulli response must have two levels",
        "the second level is the success: `levels y = no, yes` says which",
        _formula("text ~ x | g"),
    ),
    Mistake(
        "G207",
        "a factor has one level",
        "take it out of the formula: it cannot have an effect",
        _formula("y ~ one | g"),
    ),
    Mistake(
        "G208",
        "the fixed effects are not all estimable",
        "take these terms out of the formula, or merge levels",
        _formula("y ~ x + twice | g", "y ~ a + text | g"),
        "A column of the model matrix is a combination of others: any share of the effect could be"
        " given to either.",
    ),
    Mistake(
        "G209",
        "a grouping has one level",
        "leave the term out: a variance needs two groups at least, and better many",
        _formula("y ~ x | one"),
    ),
    Mistake(
        "G210",
        "a grouping has as many levels as there are rows",
        "group by something that is repeated",
        _formula("y ~ x | row"),
        "Of Bernoulli data a variance between single rows cannot be told from the variance of a coin.",
    ),
    Mistake(
        "G211",
        "a value of a column is not among its levels",
        "list it too, or correct the data",
        (_spec("levels a = p, r", "y ~ a | g"),),
    ),
    Mistake(
        "G212",
        "a listed level has no row",
        "leave it out of the list",
        (_spec("levels a = p, q, r", "y ~ a | g"),),
    ),
    Mistake(
        "G213",
        "a factor has no such level",
        "correct the level's name",
        _formula('y ~ relevel(a, ref = "r") | g', "y ~ I(a == 'r') | g"),
    ),
    Mistake(
        "G214",
        "an expression is not a finite number in some row",
        "its argument has no such value there: correct the data, or the expression",
        _formula("y ~ log(x) | g", "y ~ I(1 / x) | g"),
    ),
    Mistake(
        "G215",
        "a polynomial needs more different values than its degree",
        "lower the degree, or use factor(...)",
        _formula("y ~ poly(late, 3) | g"),
    ),
    Mistake(
        "G216",
        "the multiplier of a random term is 0 in every row",
        "leave the term out: its effects are nowhere",
        _formula("y ~ x + (0 + I(0 * x) | g)"),
    ),
    Mistake(
        "G217",
        "two random terms are the same in every row",
        "keep one of them",
        _formula("y ~ x | g, h", "y ~ x | a = (0 + x | g), b = (0 + twice | g)"),
        "So are two slopes on one column in two units: only a sum of their variances can be told.",
    ),
    Mistake(
        "G218",
        "it is not clear what groups",
        "declare which columns are factors (factor g), or write (0 + x | g) for a slope",
        _formula("y ~ x | x:g"),
    ),
    Mistake(
        "G219",
        "no row counts, or a weight is negative",
        "a weight is a number from 0 up: how often the row counts",
        (_spec("y ~ x | g", "weights low"), _spec("y ~ x | g", "weights I(0 * x)")),
    ),
    Mistake(
        "G220",
        "two coefficients would have one name",
        "rename a column or one of its levels",
    ),
    Mistake(
        "G221",
        "a prior on an unknown coefficient",
        "coefficients have the names of R: (Intercept), x, trtdrug",
        (_spec("y ~ x | g", "prior z ~ flat"),),
    ),
    Mistake("G222", "no row is left", "leave a column out of the model, or fill in the values"),
    Mistake(
        "G223",
        "a table cannot be read",
        "data come from a CSV, TSV or Parquet file, told by its ending, in UTF-8",
        (_spec('data "nowhere.csv"', "y ~ x | g"), _spec('data "table.xlsx"', "y ~ x | g")),
        "A path is taken from the folder of the spec. Nothing is ever fetched from a network.",
    ),
    Mistake(
        "G224",
        "the model names no data",
        'give a data frame, or add a statement: data salamander, or data "file.csv"',
    ),
    Mistake(
        "G225",
        "several columns stand where one is needed",
        "poly and bs make several columns: use one of the functions of one column",
    ),
    Mistake(
        "G226",
        "new data do not look like those of the fit",
        "give each column the type, and each factor the levels, that it had there",
    ),
    Mistake(
        "G227",
        "the fixed effects have more columns than there are rows, or than memory holds",
        "a factor of many levels may group, in the random part",
        _formula("y ~ factor(row) * x | g"),
    ),
    Mistake(
        "G228",
        "numbers are too large, or all too small, to compute with",
        "give them in another unit, as in I(x / 1e100)",
        (*_formula("y ~ I(1e200 * x) | g"), _spec("y ~ x | g", "offset I(1e-200 * x)")),
        "Squares of numbers above 1e100 overflow, and those of numbers below 1e-100 vanish.",
    ),
)
"""Every kind of data that do not fit their spec."""

ADVICE: tuple[Mistake, ...] = (
    Mistake(
        "G301",
        "a grouping looks like a measurement",
        "group by an identifier; for a slope write (0 + x | group), for a smooth curve bs(x, df ="
        " 4) among the fixed terms",
        ("family poisson\nn ~ x + (1 | m)",),
        "Its values are numbers that are not whole, or nearly every row has a value of its own.",
    ),
    Mistake(
        "G302",
        "groups that carry no information",
        "check their coding; they pull the variance up, and their effects are not finite by themselves",
        _formula("y ~ x | same"),
        "In such a group every response is at the end of its range: all 0, or all 1.",
    ),
    Mistake(
        "G303",
        "a variance from few groups",
        "with fewer than five groups think of a fixed factor: the variance is hardly known",
        _formula("y ~ x | g"),
    ),
    Mistake(
        "G304",
        "a factor of many levels among the fixed terms",
        "if its levels are a sample of many, let them group: | factor",
        ("family poisson\nn ~ factor(who) + (1 | a)",),
    ),
    Mistake(
        "G305",
        "the responses are separated",
        "drop the columns that are named, or merge levels: the estimates run to infinity",
        _formula("y ~ I(y == 1) + x | g"),
        "Some combination of columns predicts the responses without error, so that the likelihood"
        " has no maximum.",
    ),
    Mistake(
        "G306",
        "every group has one row",
        "such effects model overdispersion; if that is not meant, group by something that is repeated",
        ("family poisson\nn ~ x + (1 | row)",),
    ),
    Mistake(
        "G307",
        "a block of many effects",
        "crossed groupings make one large integral: watch the Monte Carlo errors, and give more draws",
        why="Random effects that no row joins are integrated apart, which is what makes the method accurate.",
    ),
)
"""What `glmmspec check` warns of: such a model can be fitted, and may not be what is meant."""
