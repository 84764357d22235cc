"""Specs that are in the language and make no sense."""

from __future__ import annotations

from glmmspec.mistakes.mistake import Mistake


def _spec(*lines: str) -> str:
    return "\n".join(("family poisson", *lines))


def _fixed(*parts: str) -> tuple[str, ...]:
    return tuple(_spec(f"y ~ {part} | g") for part in parts)


def _random(*parts: str) -> tuple[str, ...]:
    return tuple(_spec(f"y ~ {part}" if part.startswith("(") else f"y ~ x | {part}") for part in parts)


def _with(*statements: str) -> tuple[str, ...]:
    return tuple(_spec("y ~ x | g", statement) for statement in statements)


MEANING: tuple[Mistake, ...] = (
    Mistake(
        "G101",
        "an unknown function",
        "the functions of the language are a closed list: see the language reference",
        _fixed("lgo(x)", "ns(x)"),
        "No text of a spec is ever run as code, so that a function of Python or R is not known here.",
    ),
    Mistake(
        "G102",
        "a function has too many arguments, too few, or one that it does not know",
        "the message shows how the function is called",
        _fixed("log(x, 2)", "poly(x)", "log(x, base = 2)", "log(x, x = 2)"),
    ),
    Mistake(
        "G103",
        "an argument is of the wrong kind",
        "the message says what is expected: a column, a level in quotes, or a whole number",
        _fixed("poly(x, 21)", "factor(log(x))", "relevel(x, ref = a)", "bs(x, df = 2)"),
    ),
    Mistake(
        "G104",
        "something stands as a variable that is none",
        "put arithmetic inside I(...)",
        _fixed("'a'", "x + log(a):(-b)")[:1],
        "In a formula + : * / ^ combine terms. Arithmetic on the values of columns stands inside"
        " I(...), as in I(x / 2).",
    ),
    Mistake(
        "G105",
        "a text in quotes is out of place",
        "a column's name stands without quotes or in backticks; a level stands in a comparison, as"
        " in I(trt == 'drug')",
        _fixed("I('a')", "log('x')"),
    ),
    Mistake("G106", "a comparison stands inside I(...)", "write I(x > 2)", _fixed("x > 2")),
    Mistake(
        "G107",
        "the response's cbind(...) or proportion(...) stands right of ~",
        "write it left of ~: it says what the response is",
        _fixed("cbind(x, z)"),
    ),
    Mistake(
        "G108",
        "a function cannot stand in arithmetic",
        "give it a term of its own: so stand poly, bs, factor and relevel",
        _fixed("I(log(factor(x)))", "I(poly(x, 2) + 1)"),
    ),
    Mistake(
        "G109",
        "a sign is out of place",
        "to remove a term write ... - x; to negate it, I(-x)",
        _fixed("a:-b"),
    ),
    Mistake(
        "G110",
        "a number is out of place in a formula",
        "only the intercept, 0 or 1, is a number there; a multiple of a variable is written I(2 * x)",
        _fixed("2 + x", "2 * x", "0:x"),
    ),
    Mistake(
        "G111",
        "the ^ of a formula makes interactions",
        "for the power of a variable write I(x^2)",
        _fixed("x^2", "(a + b)^c", "(a + b)^0"),
        "(a + b + c)^2 is every term up to second order. R takes x^2 for x, without a word.",
    ),
    Mistake(
        "G112",
        "a term is removed that is not there",
        "remove it once, or correct its name",
        _fixed("x - x:z"),
    ),
    Mistake(
        "G113",
        "the intercept is both asked for and removed",
        "0 or -1 removes it; without either it is there",
        _fixed("0 + 1 + x", "1 + x - 1"),
    ),
    Mistake(
        "G114",
        "an offset stands alone in the sum of fixed terms",
        "as in y ~ x + offset(log(exposure)) | group",
        _fixed("x:offset(b)"),
    ),
    Mistake(
        "G115",
        "a group stands alone in the sum of fixed terms",
        "as in y ~ x + (1 | group)",
        (_spec("y ~ x:(1 | g)"),),
    ),
    Mistake(
        "G116",
        "the formula expands to too many terms",
        "10,000 terms are the limit: name those that are meant",
        _fixed("*".join(f"x{i}" for i in range(20))),
    ),
    Mistake(
        "G117",
        "an expression is nested too deep",
        "64 levels are the limit, and every operator is one: take a long sum in brackets apart",
        _fixed("I(" + " + ".join(["x"] * 70) + ")"),
    ),
    Mistake(
        "G118",
        "an entry of the random part is one term",
        "separate random terms by commas",
        _random("a + b", "a * b"),
    ),
    Mistake(
        "G119",
        "a number is no random term",
        "name a grouping factor, or write (1 | group) for its intercepts",
        _random("1", "2:g"),
    ),
    Mistake(
        "G120",
        "only columns group",
        "alone or as a:b or a/b; each is taken as a factor",
        _random("(1 | log(g))", "(1 | factor(g))"),
    ),
    Mistake(
        "G121",
        "something cannot stand in a random term",
        "a random term is a column, a product a:b, nesting a/b, I(...) or a function such as log(...)",
        _random("poly(x, 2)", "(1 | a^b)", "a - b"),
    ),
    Mistake(
        "G122",
        "correlated random effects are not available",
        "write (x || g): an intercept and a slope, each with a variance",
        _random("(x | g)", "(1 + x | g)"),
    ),
    Mistake(
        "G123",
        "only the intercept can be removed from a group",
        "write the slopes that are meant, as in (0 + x | g)",
        _random("(x - z | g)"),
    ),
    Mistake("G124", "nothing varies in a group", "write 1 for an intercept", _random("(0 | g)")),
    Mistake("G125", "a group has one grouping", "write (1 | a) + (1 | b)", _random("(1 | a + b)")),
    Mistake(
        "G126",
        "one name for several random terms",
        "name each; terms that share a variance have one name each, the same",
        _random("S = site/plot"),
    ),
    Mistake(
        "G127", "a random term is written twice", "remove one of them", _random("g, g", "(1 | g) + (1 | g)")
    ),
    Mistake("G128", "a column appears twice in a random term", "remove one of them", _random("g:g")),
    Mistake(
        "G129",
        "the model has no random term",
        "add one after |, as in y ~ x | group, or write (1 | group)",
        (_spec("y ~ x"),),
        "For a model without random effects use a program for generalized linear models, such as R's glm.",
    ),
    Mistake(
        "G130",
        "the response also stands right of ~",
        "remove it there: a response does not explain itself",
        (_spec("y ~ x + y | g"), _spec("g ~ x | g")),
    ),
    Mistake(
        "G131",
        "the response and the family do not go together",
        "binomial takes cbind(successes, failures) or proportion(successes, trials); other families"
        " take one column",
        ("family binomial\ny ~ x | g", _spec("cbind(s, f) ~ x | g")),
    ),
    Mistake(
        "G132",
        "the spec has no formula",
        "add one: response ~ fixed terms | random terms",
        ("family poisson",),
    ),
    Mistake(
        "G133",
        "a second formula",
        "a spec holds one model: remove one of them",
        (_spec("y ~ x | g", "y ~ z | g"),),
    ),
    Mistake(
        "G134",
        "a statement is repeated that stands once",
        "remove one of them; levels, factor and prior may be repeated",
        _with("family poisson", "title 'a'\ntitle 'b'"),
    ),
    Mistake(
        "G135",
        "the family is missing",
        "add a line such as: family bernoulli, or give family= in Python, --family at the command line",
        ("y ~ x | g",),
    ),
    Mistake(
        "G136",
        "an unknown family, or two that differ",
        "known are bernoulli, binomial and poisson",
        ("family benoulli\ny ~ x | g", "family gaussian\ny ~ x | g"),
    ),
    Mistake(
        "G138",
        "an unknown data set",
        "`glmmspec data` lists those that ship; the path of a file stands in quotes",
        _with("data cbbp"),
    ),
    Mistake(
        "G139",
        "an unknown way with missing values",
        "write missing fail or missing drop",
        _with("missing ignore"),
    ),
    Mistake(
        "G140",
        "an unknown option",
        "the language reference lists the options of solver and sampler",
        _with("solver sed = 1", "sampler chain = 2"),
    ),
    Mistake(
        "G141",
        "an option has a value that it cannot have",
        "the message says what is expected",
        _with("solver draws = 1", "solver proposal = gauss", "solver seed = 1.5", "sampler chains = 0"),
    ),
    Mistake("G142", "an option is given twice", "remove one of them", _with("solver seed = 1, seed = 2")),
    Mistake(
        "G143",
        "the shares of a mixture do not sum to 1",
        "as in mixture = (0.5, 0.3, 0.2)",
        _with("solver mixture = (0.5, 0.5, 0.5)"),
    ),
    Mistake(
        "G144",
        "something that no prior can be put on",
        "write fixed, a coefficient's name (in backticks if need be), sd(component) or var(component)",
        _with("prior log(x) ~ flat", "prior 1 ~ flat"),
    ),
    Mistake(
        "G145",
        "an unknown distribution",
        "the language reference lists the distributions; write the name and arguments in order, as"
        " in normal(0, 5)",
        _with("prior x ~ norml(0, 1)", "prior x ~ 1 + 1"),
    ),
    Mistake(
        "G146",
        "the arguments of a distribution are wrong",
        "the message says what is expected",
        _with(
            "prior x ~ normal(0)",
            "prior x ~ normal(0, -1)",
            "prior x ~ uniform(1, 0)",
            "prior x ~ normal(a, 1)",
        ),
    ),
    Mistake(
        "G147",
        "a standard deviation or variance is never negative, and its prior can be",
        "use half_normal, half_student_t, half_cauchy, exponential, gamma, ...",
        _with("prior sd(g) ~ normal(0, 1)"),
    ),
    Mistake(
        "G148",
        "a prior on an unknown variance component",
        "a component has the name that is given to it, or that of its term",
        _with("prior sd(h) ~ flat"),
    ),
    Mistake(
        "G149",
        "two priors for one thing",
        "remove one of them; a prior on sd(g) is one on var(g) too",
        _with("prior sd(g) ~ flat\nprior var(g) ~ flat", "prior x ~ flat\nprior x ~ normal(0, 1)"),
    ),
    Mistake(
        "G150",
        "a column is declared twice",
        "remove one of them",
        _with("levels x = a, b\nlevels x = b, a", "factor x, x"),
    ),
    Mistake(
        "G151",
        "a declared column is not used by the model",
        "correct its name, or remove the statement",
        _with("levels z = a, b", "factor z"),
        "Nothing that is written is dropped: a statement without effect is refused.",
    ),
    Mistake("G152", "a level is listed twice", "remove one of them", _with("levels x = a, b, a")),
    Mistake("G153", "a factor needs two levels at least", "list them all", _with("levels x = a")),
    Mistake(
        "G154",
        "the response has the wrong number of columns",
        "cbind and proportion take two",
        ("family binomial\ncbind(s) ~ x | g", "family binomial\nproportion(s, n, k) ~ x | g"),
    ),
    Mistake(
        "G155",
        "a slope is not numeric",
        "a factor groups; a slope is on numbers",
        _random("(0 + factor(x) | g)"),
    ),
    Mistake(
        "G156",
        "an operator is not arithmetic",
        "inside I(...), weights and offsets stand + - * / ^ and comparisons",
        (*_fixed("I(a:b)"), *_with("weights a %in% b")),
    ),
    Mistake("G157", "a spec file cannot be read", "give the path of a file in UTF-8, by custom NAME.glmm"),
    Mistake(
        "G158",
        "parts of a model that do not fit together",
        "such parts come from Python or JSON: no spec says them",
    ),
)
"""Every kind of spec that makes no sense."""
