"""Texts that are not in the model language."""

from __future__ import annotations

from glmmspec.mistakes.mistake import Mistake

STATES: tuple[Mistake, ...] = (
    Mistake(
        "G001",
        "a random part with no grouping",
        "name a grouping factor after |, as in y ~ x | group",
        ("y ~ x |", "y ~ x | , b", "y ~ x | a, , b", "y ~ x | a,"),
    ),
    Mistake(
        "G002",
        "this group has no grouping factor",
        "name it after |, as in (1 | group)",
        ("y ~ (1 | )", "y ~ (x || )"),
    ),
    Mistake(
        "G003",
        "this group does not say what varies",
        "write 1 for an intercept, as in (1 | group)",
        ("y ~ x + ( | group)", "y ~ x + ( || group)"),
    ),
    Mistake(
        "G004",
        "a component without its term",
        "as in y ~ x | F = Female",
        ("y ~ x | F =", "y ~ x | F = , b"),
    ),
    Mistake(
        "G005",
        "a second | in one formula",
        "separate random terms by commas, as in y ~ x | a, b",
        ("y ~ x | a | b", "y ~ x | 1 | b", "y ~ x | (a) | b", "y ~ x | a:b | c", "y ~ x | 0 + a | b",
         "y ~ x | a/b | c", "y ~ x | log(a) | b", "y ~ x | F = a | b"),
    ),
    Mistake(
        "G006",
        "|| stands only inside brackets",
        "as in y ~ z + (x || group)",
        ("y ~ x || g",),
    ),
    Mistake(
        "G007",
        "nothing stands left of ~",
        "name the response there",
        ("~ x | g",),
    ),
    Mistake(
        "G008",
        "nothing stands right of ~",
        "write 1 for the intercept alone",
        ("y ~", "y ~ | g"),
    ),
    Mistake(
        "G009",
        "a second ~ in one formula",
        "start the next statement on a line of its own",
        ("y ~ x ~ z", "y ~ x | g ~ z"),
    ),
    Mistake(
        "G010",
        "~ belongs to a formula",
        "start the formula on a line of its own, with the response",
        ("family poisson ~ x", "title 'a' ~ x", "data a ~ x", "missing drop ~ x", "factor a ~ x",
         "levels x = a ~ x", "weights w ~ x", "offset w ~ x", "solver seed = 1 ~ x"),
    ),
    Mistake(
        "G011",
        "an operator with nothing after it",
        "a line that ends in an operator goes on in the next",
        ("y ~ x +", "y ~ x *", "y ~ x:", "y ~ x %in%", "y ~ x ^", "y ~ x + -", "y ~ I(x >)",
         "y ~ x + | g", "y ~ x:| g", "y ~ x %in% | g", "y ~ x ^ | g", "y ~ x + - | g"),
    ),
    Mistake(
        "G012",
        "an operator with nothing before it",
        "put a term on its left",
        ("y ~ * x", "y ~ : x", "y ~ x + * z", "y ~ %in% x", "y ~ / x", "y ~ ^ x", "y ~ > x"),
    ),
    Mistake(
        "G013",
        "comparisons do not chain",
        "write a < b < c as I((a < b) * (b < c))",
        ("y ~ I(a < b < c)",),
    ),
    Mistake(
        "G014",
        "an operator is missing",
        "terms are joined by +, : or *, and a new statement starts on a new line",
        tuple(
            f"y ~ {left} {right}"
            for left in ("a", "1", "`a`", "'a'", "(a)", "log(x)", "(1 | g)")
            for right in ("b", "1", "`b`", "'b'", "(b)")
            if (left, right) != ("a", "(b)")
        ),
    ),
    Mistake(
        "G015",
        "empty brackets",
        "put a term inside",
        ("y ~ ()",),
    ),
    Mistake(
        "G016",
        "a comma out of place",
        "fixed terms are joined by +; commas separate random terms, after |",
        ("y ~ a, b", "y ~ (a, b)", "y ~ , a", "y, z ~ x"),
    ),
    Mistake(
        "G017",
        "an argument is missing",
        "remove the comma, or write the argument",
        ("y ~ log(x, )", "y ~ log(, x)", "y ~ bs(x, , df = 4)"),
    ),
    Mistake(
        "G018",
        "= compares nothing",
        "write == to compare",
        ("y ~ a = b", "y ~ I(x + 1 = 2)", "y ~ (a = b)"),
    ),
    Mistake(
        "G019",
        "a keyword stands before its value without =",
        "as in family bernoulli",
        ("family = bernoulli", "title = 'a'", "data = a", "missing = drop", "weights = w", "offset = w"),
    ),
    Mistake(
        "G020",
        "a title is a text in quotes",
        'as in title "Salamander mating"',
        ("title Salamander", "title 1", "title", "title 'a' 'b'"),
    ),
    Mistake(
        "G021",
        "data takes the name of a shipped data set, or a file's path in quotes",
        'as in data salamander, or data "mating.csv"',
        ("data", "data a.csv/b", "data a 'b'", "data 1"),
    ),
    Mistake(
        "G022",
        "family takes one name",
        "as in family bernoulli",
        ("family", "family 'poisson'", "family 1", "family a b", "family poisson(link = log)"),
    ),
    Mistake(
        "G023",
        "missing takes fail or drop",
        "as in missing drop",
        ("missing", "missing 1", "missing a b", "missing 'drop'"),
    ),
    Mistake(
        "G024",
        "levels names a column and lists its levels",
        'as in levels trt = placebo, drug, "drug+"',
        ("levels", "levels trt", "levels trt placebo", "levels trt =", "levels 1", "levels trt = ,",
         "levels = a, b"),
    ),
    Mistake(
        "G025",
        "levels are separated by commas, and one with spaces or signs stands in quotes",
        'as in levels trt = placebo, drug, "drug+"',
        ("levels trt = a b", "levels trt = drug+, a", "levels trt = a,", "levels trt = a 'b'",
         "levels trt = 1 2", "levels trt = a-b", "levels trt = a/b", "levels trt = -a", "levels trt = a = b",
         "levels trt = 1-2"),
    ),
    Mistake(
        "G026",
        "factor lists columns, separated by commas",
        "as in factor week, ID",
        ("factor", "factor (week)", "factor 1", "factor a b", "factor 'a'", "factor a,", "factor = a",
         "factor a + b", "factor a = b"),
    ),
    Mistake(
        "G027",
        "this statement takes one expression",
        "as in weights w, or offset log(exposure)",
        ("weights", "offset", "weights a, b", "weights |", "offset |"),
    ),
    Mistake(
        "G028",
        "a prior reads: prior target ~ distribution",
        "as in prior fixed ~ normal(0, 5), or prior sd(F) ~ half_normal(1)",
        ("prior", "prior fixed", "prior fixed ~", "prior fixed normal(0, 1)", "prior fixed = normal(0, 1)",
         "prior fixed, a ~ flat", "prior fixed ~ flat, flat"),
    ),
    Mistake(
        "G029",
        "options read: name = value, name = value",
        "as in solver seed = 1234, draws = 10000",
        ("solver", "solver seed", "solver seed 1", "solver seed =", "solver 1", "solver seed = 1 draws = 2",
         "solver seed = 1,", "solver seed = ()", "solver seed = (1,)",
         "solver seed = 1 + 1", "solver = 1", "sampler", "solver seed = a(1)", "solver 'seed' = 1",
         "solver seed = (1 2)", "solver seed = -a", "solver seed = = 1", "solver seed = +1",
         "sampler chains = 1 + 1", "sampler chains 1", "sampler chains = 1 draws = 2", "sampler chains = 1,",
         "sampler chains = ()"),
    ),
    Mistake(
        "G030",
        "a bar inside the brackets of a call",
        "a name before a bracket calls a function: put + between them, as in y ~ x + (1 | group)",
        ("y ~ x (1 | g)", "y ~ log(x | g)", "y ~ x (z || g)", "y ~ bs(x, df = 4 | g)"),
    ),
)  # fmt: skip
"""What the parser's own state tells: where it stops in the examples is how it knows the mistake elsewhere."""

OTHERS: tuple[Mistake, ...] = (
    Mistake(
        "G050",
        "a bracket is never closed",
        "add the ) that is missing",
        ("y ~ (x | g", "y ~ ((x) | g"),
    ),
    Mistake(
        "G051",
        "a bracket closes nothing",
        "remove it, or add the ( that is missing",
        ("y ~ log(x)) | g",),
    ),
    Mistake(
        "G052",
        "brackets are nested too deep",
        "64 levels are the limit: take the expression apart",
        ("y ~ " + "(" * 65 + "x" + ")" * 65 + " | g",),
    ),
    Mistake(
        "G053",
        "a quote is not closed on its line",
        "close it with the sign that opened it; a text does not go on in the next line",
        ('title "a', "y ~ `a b | g"),
    ),
    Mistake(
        "G054",
        "a character that the language does not use",
        "often a look-alike from a word processor: use straight quotes, the hyphen and the tilde of"
        " the keyboard",
        ("y ~ a \u2212 1 | g", "y ~ . | g", "y ~ a[1] | g", "title \u201ca\u201d", "y ~ a %% b | g"),
    ),
    Mistake(
        "G055",
        "an unknown statement",
        "a statement opens with one of the keywords; a formula has a ~",
        ("famly poisson", "random g"),
    ),
    Mistake(
        "G056",
        "neither a statement nor a formula: there is no ~",
        "a formula reads response ~ fixed terms | random terms",
        ("Mate + Cross", "Mate"),
    ),
    Mistake(
        "G057",
        "something is out of place",
        "no more is known of it than where reading stopped: compare with the language reference",
        ("data 'a' | b",),
    ),
    Mistake(
        "G058",
        "an argument without a name follows a named one",
        "write the arguments without names first, as in bs(x, df = 4)",
        ("y ~ bs(df = 4, x) | g",),
    ),
    Mistake(
        "G059",
        "an unknown escape in quotes",
        "a backslash stands before a quote, a backtick, n, t, r or another backslash",
        (r"title '\d'",),
    ),
    Mistake(
        "G060",
        "a number is too large",
        "numbers go up to about 1e300",
        ("solver seed = 1e301", "y ~ I(x + 1e999) | g"),
    ),
    Mistake(
        "G061",
        "the text is too long",
        "a spec has 262,144 characters at most",
    ),
    Mistake(
        "G062",
        "the text holds a lone surrogate",
        "it is no Unicode text: write it again, in UTF-8",
        ("title '\ud800'",),
    ),
)
"""What is told in other ways: from brackets, characters and the first word of a statement."""

SYNTAX = STATES + OTHERS
