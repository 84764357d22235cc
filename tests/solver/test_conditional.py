"""Blocks integrated level by level: against slow loops, automatic differentiation, fixed grids, and draws."""

from dataclasses import replace
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from glmmspec.blocks import PADDING
from glmmspec.design import Design, RandomEffects
from glmmspec.family import FAMILIES
from glmmspec.options import SolverOptions
from glmmspec.solver.coordinates import Point
from glmmspec.solver.elimination import Elimination, effect_counts, eliminations
from glmmspec.solver.importance import ImportanceSample
from glmmspec.solver.integration import Group, Integration
from glmmspec.solver.kernel import integrand
from glmmspec.solver.likelihood import Likelihood
from glmmspec.solver.sampling import Effort, sampled_likelihood
from tests.solver import designs, slow_recursion

CENTRE = {
    1: np.array([0.6]),
    2: np.array([0.7, 0.45]),
    3: np.array([0.5, 0.4, 0.3]),
    4: np.array([0.5, 0.4, 0.3, 0.2]),
}
BETA = np.array([0.2, -0.3])
TIGHT = {"rtol": 1e-9, "atol": 1e-9}


def likelihood_of(
    design: Design, *, draws: int = 64, order: int = 4, stream: int = 0, **options
) -> Likelihood:
    """About a point near which nothing is special."""
    variances = CENTRE[len(design.components)]
    integration = Integration.of(design, SolverOptions(**options))
    everything = np.ones(len(variances), dtype=bool)
    return sampled_likelihood(integration, Point(BETA, variances), everything, Effort(draws, order, stream))


def away(design: Design) -> np.ndarray:
    """A point that is not where the draws are centred."""
    return np.concatenate([BETA + np.array([0.15, -0.1]), 1.3 * CENTRE[len(design.components)]])


CASES = {
    "females given males": lambda family: (designs.crossed(family), {"blocks": "conditional", "draws": 64}),
    "by rule": lambda family: (designs.crossed(family), {"blocks": "conditional"}),
    "nested": lambda family: (designs.nested(family), {}),
    "nested, pieces of two": lambda family: (
        designs.nested(family, slope=True),
        {"integration": "quadrature"},
    ),
    "a block as it is": lambda family: (
        designs.groups(family, seed=1, n_groups=12, per_group=4, variance=0.5),
        {},
    ),
}


SLOW = pytest.mark.slow
"""What compiles another kernel of a kind that is tested: each takes as long as the rest of a module."""

EACH_FAMILY = ["bernoulli", *(pytest.param(f, marks=SLOW) for f in FAMILIES if f != "bernoulli")]
SEVERAL = [
    ("bernoulli", "females given males"),
    ("poisson", "nested, pieces of two"),
    *(pytest.param(family, "females given males", marks=SLOW) for family in ("binomial", "poisson")),
    *(pytest.param(family, "nested, pieces of two", marks=SLOW) for family in ("bernoulli", "binomial")),
    ("bernoulli", "by rule"),
    pytest.param("poisson", "nested", marks=SLOW),
    ("binomial", "a block as it is"),
]


@pytest.mark.parametrize(("family", "case"), SEVERAL[:-1])
def test_value_equals_loops_over_draws_pieces_and_nodes(family, case):
    design, options = CASES[case](family)
    likelihood = likelihood_of(design, **options)
    psi = away(design)
    expected = likelihood.constant + sum(slow_log_integral(design, i, psi) for i in likelihood.integrals)
    assert likelihood(psi)[0] == pytest.approx(expected, rel=1e-10)


def slow_log_integral(design: Design, sample, psi: np.ndarray) -> float:
    """sum_b log mean_k phi(v_k) / q(v_k) prod_j I_j(v_k) with loops, from where draws and nodes are."""
    p = design.x.shape[1]
    moved = psi[:p] - np.asarray(sample.root.origin)
    setting = sample._setting
    drift = setting.modes.drift @ moved
    variance = psi[p:][setting.parts.effect_component]
    rows_of = setting.parts.row_block
    separators, constant = sample._finer.args[2:4] if not sample.is_exact else (None, None)
    if sample.is_exact:
        separators, log_density = sample.drawn()
        constant = -log_density
    total = 0.0
    for b, block in enumerate(sample.block):
        terms = []
        for k in range(sample.n_draws):
            u = np.full(len(drift), np.nan)
            here = setting.tree.separator[b]
            known = here[here != PADDING]
            u[known] = separators[b, here != PADDING, k] + drift[known]
            value = constant[b, k] + normal(u[known], variance[known])
            nodes = [node for chunk in [chunk_of(sample, k)] for node in chunk[0].nodes]
            value += slow_levels(
                design, sample, nodes, 0, b, chunk_of(sample, k)[1], 0, u, drift, variance, psi[:p]
            )
            terms.append(value)
        assert (rows_of == block).any()
        total += np.logaddexp.reduce(terms) - np.log(len(terms))
    return total


def chunk_of(sample, k: int):
    """The chunk that draw k lies in, and its place there."""
    layout = sample.layout
    group, within = divmod(k, layout.each)
    place = group * layout.padded + within
    size = layout.part * layout.parts_per_chunk
    return sample.chunks[place // size], place % size


def slow_levels(design, sample, nodes, depth, parent, k, above, u, drift, variance, beta):
    """log of the product of the integrals over the pieces of a level below one parent, at one draw."""
    tree = sample._setting.tree
    pieces = np.arange(len(tree.effects[depth]))
    last = depth == len(tree.effects) - 1
    total = 0.0
    for piece in pieces[tree.parents[depth] == parent]:
        effects = tree.effects[depth][piece]
        if last:
            [(node, at, bucket)] = [
                (node, int(np.flatnonzero(bucket.piece == piece)[0]), bucket)
                for node, bucket in zip(nodes, tree.buckets, strict=True)
                if piece in bucket.piece
            ]
        else:
            node, at = nodes[0], piece
        drawn = sample.layout.part * sample.layout.parts_per_chunk
        mode, scale = (np.asarray(x)[..., at] for x in (node.mode, node.scale))
        mode = mode.reshape(len(mode), drawn, -1)[:, k, above]
        scale = scale.reshape(*scale.shape[:2], drawn if scale[0, 0].size > 1 else 1, -1)
        scale = scale[:, :, min(k, scale.shape[2] - 1), min(above, scale.shape[3] - 1)]
        terms = []
        for i in range(node.rule.shape[1]):
            value = float(node.log_weights[i]) + np.log(np.diagonal(scale)).sum()
            u[effects] = mode + scale @ np.asarray(node.rule)[:, i] + drift[effects]
            value += normal(u[effects], variance[effects])
            if last:
                rows = bucket.row[at][bucket.row[at] != PADDING]
                eta = design.x[rows] @ beta + design.offset[rows]
                for t, term in enumerate(design.random):
                    eta = eta + term.values[rows] * u[sample._setting.parts.effects[rows, t]]
                value += design.weights[rows] @ slow_recursion.log_density(design, rows, eta[:, None])[:, 0]
            else:
                lower = above * node.rule.shape[1] + i
                value += slow_levels(
                    design, sample, node.children, depth + 1, piece, k, lower, u, drift, variance, beta
                )
            terms.append(value)
        total += np.logaddexp.reduce(terms)
    return total


def normal(u: np.ndarray, variance: np.ndarray) -> float:
    return float(-(np.log(2 * np.pi * variance) / 2 + u**2 / (2 * variance)).sum())


@pytest.mark.parametrize(("family", "case"), SEVERAL)
def test_derivatives_equal_automatic_ones(family, case):
    """Of the value alone: automatic differentiation sees neither the scores nor the Hessian's formula.

    The Hessian is compared along one direction, in which an error of any of its entries shows.
    """
    design, options = CASES[case](family)
    likelihood = likelihood_of(design, **options)
    psi, p = away(design), design.x.shape[1]

    def value(psi):
        total = 0.0
        for sample in likelihood.integrals:
            axis = -1 if sample._how.blocks_last else 0
            heights = [
                jnp.moveaxis(integrand(sample._how, sample.root, chunk, psi[:p], psi[p:]).log_height, axis, 0)
                for chunk in sample.chunks
            ]
            real = jnp.asarray(sample.block != PADDING)
            flat = [height.reshape(len(height), -1) for height in heights]
            joined = jax.scipy.special.logsumexp(jnp.concatenate(flat, axis=1), axis=1)
            total = total + (real * (joined - jnp.log(sample.n_draws))).sum()
        return total

    ours, direction = likelihood(psi), np.random.default_rng(1).normal(size=len(psi))
    with jax.enable_x64(True):
        automatic = jax.jit(lambda x: jax.jvp(jax.value_and_grad(value), (x,), (direction,)))(psi)
    (height, gradient), (_, along) = automatic
    assert ours[0] - likelihood.constant == pytest.approx(float(height), rel=1e-10)
    np.testing.assert_allclose(ours[1], gradient, **TIGHT)
    np.testing.assert_allclose(ours[2] @ direction, along, **TIGHT)
    for i, j in np.ndindex(ours[2].shape):  # negative control
        changed = ours[2].copy()
        changed[i, j] += 1e-6 * np.abs(ours[2]).max()
        assert not np.allclose(changed @ direction, along, **TIGHT)


@pytest.mark.parametrize("family", EACH_FAMILY)
def test_nested_rules_equal_a_recursion_over_grids(family):
    """Negative control: one term's variance a thousandth larger is not within the tolerance."""
    design = designs.nested(family)
    psi = np.concatenate([BETA, CENTRE[3]])
    likelihood = likelihood_of(design, order=24)
    assert all(sample.is_exact for sample in likelihood.integrals)
    ours = likelihood(psi)[0] - likelihood.constant
    exact = slow_recursion.log_likelihood(design, psi, [1, 0, 2], [61, 61, 61])
    other = slow_recursion.log_likelihood(
        design, psi * np.array([1, 1, 1, 1.001, 1]), [1, 0, 2], [61, 61, 61]
    )
    assert ours == pytest.approx(exact, abs=2e-6)
    assert other != pytest.approx(exact, abs=2e-6)


@pytest.mark.parametrize("family", EACH_FAMILY)
def test_a_separator_by_rule_equals_a_grid(family):
    """Crossed effects, 3 given 2 in a block, by a grid over the 2 and then over each of the 3."""
    design = designs.crossed(family)
    psi = np.concatenate([BETA, CENTRE[2]])
    likelihood = likelihood_of(design, order=24, blocks="conditional")
    assert all(sample.is_exact for sample in likelihood.integrals)
    grid = np.linspace(-7, 7, 57)
    weight = -(grid**2) / 2 - np.log(2 * np.pi) / 2 + np.log(grid[1] - grid[0])
    first, second = design.random
    exact = 0.0
    for block in range(3):
        members = np.arange(2 * block, 2 * block + 2)
        rows = np.flatnonzero(np.isin(second.codes, members))
        terms = []
        for (i, v), (j, w) in product(enumerate(grid), enumerate(grid)):
            u = np.where(second.codes == members[0], v, w) * np.sqrt(psi[3])
            given = replace(design, offset=design.offset + second.values * u, random=(first,))
            part = replace(given, weights=given.weights * np.isin(np.arange(len(design.y)), rows))
            terms.append(weight[i] + weight[j] + inner(part, psi[:3], rows, grid, weight))
        exact += np.logaddexp.reduce(terms)
    assert likelihood(psi)[0] - likelihood.constant == pytest.approx(exact, abs=1e-5)


def inner(design, psi, rows, grid, weight):
    """log of the product over the levels of one term, by the grid."""
    [term] = design.random
    eta = (design.x @ psi[:2] + design.offset)[rows]
    total = 0.0
    for level in np.unique(term.codes[rows]):
        mine = term.codes[rows] == level
        moved = eta[mine, None] + term.values[rows[mine], None] * np.sqrt(psi[2]) * grid
        heights = design.weights[rows[mine], None] * slow_recursion.log_density(design, rows[mine], moved)
        total += np.logaddexp.reduce(heights.sum(axis=0) + weight)
    return total


@pytest.mark.slow
def test_effects_given_the_data_equal_those_of_many_plain_draws():
    """Means, variances and slopes of 15 effects, within 5 standard errors of 65,536 draws of all effects.

    Negative control: the means of a design with one response changed are not.
    """
    design = designs.crossed("bernoulli")
    psi = np.concatenate([BETA, CENTRE[2]])
    plain = likelihood_of(design, draws=65_536, blocks="natural", integration="importance")
    for other in (
        likelihood_of(design, order=16, blocks="conditional"),
        likelihood_of(design, order=16, blocks="conditional", draws=4096),
    ):
        one, two = (effects(likelihood, psi) for likelihood in (plain, other))
        error = np.sqrt(one[3] + two[3]) + 1e-4
        assert (np.abs(one[0] - two[0]) < 5 * error).all()
        np.testing.assert_allclose(one[1], two[1], rtol=0.05)
        np.testing.assert_allclose(one[2], two[2], atol=0.05)
    flipped = replace(design, y=np.where(np.arange(len(design.y)) == 3, 1 - design.y, design.y))
    wrong = effects(likelihood_of(flipped, order=16, blocks="conditional"), psi)
    assert (np.abs(one[0] - wrong[0]) > 5 * error).any()


def effects(likelihood: Likelihood, psi: np.ndarray):
    """Mean, variance, slope and square Monte Carlo error of each effect."""
    q = 1 + max(int(i.effect.max()) for i in likelihood.integrals)
    mean, variance, slope, square = np.zeros(q), np.zeros(q), np.zeros((q, len(psi))), np.zeros(q)
    for sample in likelihood.integrals:
        real = sample.effect != PADDING
        found = sample.effect_moments(*likelihood.split(psi))
        at = sample.effect[real]
        mean[at], variance[at], slope[at] = found.mean[real], found.variance[real], found.slope[real]
        square[at] = np.square(found.deviation).sum(axis=2)[real]
    return mean, variance, slope, square


@pytest.mark.parametrize(
    "case",
    [
        *(pytest.param(case, marks=SLOW) for case in ("females given males", "nested")),
        "nested, pieces of two",
    ],
)
def test_draws_of_effects_have_their_moments(case):
    """Node by node draws, spread evenly: means within 5 standard errors of 20,000; and slopes of the means.

    Slopes are differences of the means at two values of each parameter.
    """
    design, options = CASES[case]("poisson")
    likelihood, psi = likelihood_of(design, **options), away(design)
    mean, variance, slope, _ = effects(likelihood, psi)
    for sample in likelihood.integrals:
        drawn = sample.effect_draws(*likelihood.split(psi))
        real = sample.effect != PADDING
        found = np.einsum("bqm,bm->bq", drawn.effects, drawn.weights)[real]
        spread = np.sqrt(variance[sample.effect[real]] / 20_000)
        assert (np.abs(found - mean[sample.effect[real]]) < 5 * spread).all()
    step = 1e-4
    for j in range(len(psi)):
        ahead, behind = (effects(likelihood, psi + s * step * (np.arange(len(psi)) == j))[0] for s in (1, -1))
        np.testing.assert_allclose(slope[:, j], (ahead - behind) / (2 * step), atol=1e-6)


def test_draws_of_effects_beside_those_that_no_row_carries():
    """Persons' slopes on what is 0 for half of them, given items: those of these persons are blocks alone.

    Means are within 5 standard errors of those of independent draws.
    """
    rng = np.random.default_rng(2)
    persons, items = 40, 3
    p, i = np.repeat(np.arange(persons), items), np.tile(np.arange(items), persons)
    base = designs.crossed("bernoulli", blocks=1, rows=persons * items + 3)
    terms = (
        RandomEffects("p", "p", tuple(map(str, range(persons))), p, np.ones(len(p)), 0),
        RandomEffects("p:t", "p", tuple(map(str, range(persons))), p, p % 2 * 1.0, 1),
        RandomEffects("i", "i", tuple(map(str, range(items))), i, np.ones(len(p)), 2),
    )
    y = (rng.random(len(p)) < 0.3 + 0.4 * (i % 2)).astype(float)
    ones = np.ones(len(p))
    design = replace(
        base, y=y, trials=ones, x=np.column_stack([ones, p % 2]), weights=ones, offset=0 * ones,
        random=terms, components=("p", "p:t", "i"), rows=np.arange(len(p)),
    )  # fmt: skip
    likelihood, psi = likelihood_of(design, draws=512, blocks="conditional"), away(design)
    mean, variance, _, _ = effects(likelihood, psi)
    alone = np.flatnonzero(variance > 0.98 * psi[3])
    assert len(alone) >= persons // 2
    for sample in likelihood.integrals:
        drawn = sample.effect_draws(*likelihood.split(psi))
        real = sample.effect != PADDING
        found = np.einsum("bqm,bm->bq", drawn.effects, drawn.weights)[real]
        at, share = sample.effect[real], np.square(drawn.weights).sum(axis=1).max()
        assert (np.abs(found - mean[at]) < 5 * np.sqrt(variance[at] * share)).all()


def test_what_is_drawn_and_what_is_not():
    """By predicted cost: nested effects by rules alone, crossed ones given the fewer."""
    nested = Integration.of(designs.nested("poisson"), SolverOptions())
    assert {g.by_rule for g in nested.groups(CENTRE[3])} == {True}
    many = designs.crossed("bernoulli", blocks=1, rows=300, effects=(60, 5))
    [group] = Integration.of(many, SolverOptions()).groups(CENTRE[2])
    assert (group.elimination.separator, group.elimination.levels) == ((1,), ((0,),))
    drawn = Integration.of(many, SolverOptions(integration="importance")).groups(CENTRE[2])
    assert [g.elimination.levels for g in drawn] == [()]
    with pytest.raises(Exception, match="quadrature takes at most 2 effects"):
        Integration.of(many, SolverOptions(integration="quadrature")).groups(CENTRE[2])
    flat = Integration.of(many, SolverOptions()).groups(np.array([0.7, 0.0]))
    assert [(g.elimination.separator, g.by_rule) for g in flat] == [((), True)]
    found = eliminations(designs.nested("poisson"), np.ones(3, dtype=bool))
    assert ((1,), (0,), (2,)) in [e.levels for e in found]
    assert isinstance(
        likelihood_of(designs.crossed("poisson"), blocks="natural").integrals[0], ImportanceSample
    )


def slopes(seed: int = 2) -> Design:
    """An intercept and a slope in each group; in some groups the covariate is 0, in others only at times."""
    design = designs.groups("bernoulli", seed=seed, n_groups=12, per_group=6, variance=0.8)
    [term] = design.random
    z = np.random.default_rng(seed).normal(size=len(design.y)) * (term.codes % 3 > 0)
    slope = replace(term, name="g:z", values=z, component=1)
    return replace(design, random=(term, slope), components=("g", "g:z"))


@pytest.mark.parametrize("options", [{}, {"integration": "quadrature"}, {"blocks": "conditional"}])
def test_an_effect_that_is_held_at_zero_leaves_the_others(options):
    """The likelihood of intercepts alone, though the slopes' groups are in the design."""
    design = slopes()
    alone = replace(design, random=design.random[:1], components=("g",))
    psi = np.append(BETA, 0.6)
    exact = likelihood_of(alone, order=30)(psi)
    held = sampled_likelihood(
        Integration.of(design, SolverOptions(**options)),
        Point(BETA, np.array([0.6, 0.0])),
        np.array([True, False]),
        Effort(512, 30, 0),
    )
    for one, other in zip(held(psi), exact, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-8)


def test_effects_that_no_row_carries_change_nothing():
    """Slopes of groups without the covariate: beside their group's intercept, by levels and as they are."""
    design = slopes()
    psi = np.concatenate([BETA, [0.6, 0.3]])

    def value(**options):
        integration = Integration.of(design, SolverOptions(**options))
        centre = Point(BETA, psi[2:])
        return sampled_likelihood(integration, centre, np.ones(2, dtype=bool), Effort(64, 20, 0))(psi)

    for one, other in zip(value(), value(blocks="conditional"), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-7)


@pytest.mark.slow
def test_slopes_above_pieces_that_no_row_carries():
    """Groups with intercept and slope above pieces: by levels as by another order of the same integrals."""
    design = slopes()
    piece = RandomEffects("p", "p", tuple(map(str, range(36))), np.arange(72) // 2, np.ones(72), 2)
    nested = replace(design, random=(*design.random, piece), components=("g", "g:z", "p"))
    psi = np.concatenate([BETA, [0.6, 0.3, 0.4]])
    integration = Integration.of(nested, SolverOptions())
    separated, levels = Elimination((0, 1), ((2,),)), Elimination((), ((0, 1), (2,)))
    values = []
    for elimination in (separated, levels):
        counts = elimination.separator_sizes(effect_counts(nested, integration.parts))
        groups = [
            Group(np.flatnonzero((counts == width) & (integration._rows > 0)), elimination, int(width), True)
            for width in np.unique(counts[integration._rows > 0])
        ]
        lone = Group(np.flatnonzero(integration._rows == 0), Elimination((0, 1, 2), ()), 1, True)
        integration._groups[np.ones(3, dtype=bool).tobytes()] = [*groups, lone]
        centre = Point(BETA, psi[2:])
        likelihood = sampled_likelihood(integration, centre, np.ones(3, dtype=bool), Effort(64, 14, 0))
        values.append(likelihood(psi)[0])
    assert values[0] == pytest.approx(values[1], abs=1e-5)


def test_single_precision_sums_in_double():
    """300 binary rows in one block: no weight is lost, and the value is that of double precision to 1e-4."""
    design = designs.groups("bernoulli", seed=4, n_groups=2, per_group=300, variance=0.5)
    single, double = (likelihood_of(design, precision=p)(away(design))[0] for p in ("single", "double"))
    assert single == pytest.approx(double, abs=1e-3)
