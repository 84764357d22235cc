"""Devices that share the draws: those of this machine, and of others that were joined to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from glmmspec.errors import FitError
from glmmspec.solver.kernel import Arithmetic, Draws, Nodes, Sums, weighted_sums

_AXIS = "draws"


def mesh_of(count: int) -> Mesh | None:
    """The first `count` devices of each process, or None if that is this process's first alone.

    Raises
    ------
    FitError
        If there are fewer.
    """
    found = jax.local_devices()
    if count > len(found):
        raise FitError(
            f"devices = {count}, and JAX sees {len(found)} ({found[0].platform}) on this machine",
            hint="lower it; a CPU counts as one device unless the environment says"
            f" XLA_FLAGS=--xla_force_host_platform_device_count={count}",
        )
    if count == 1 and jax.process_count() == 1:
        return None
    by_process: dict[int, list[jax.Device]] = {}
    for device in jax.devices():
        by_process.setdefault(device.process_index, []).append(device)
    taken = [device for process in sorted(by_process) for device in by_process[process][:count]]
    return Mesh(np.array(taken), (_AXIS,))


def placed(root: Any, chunks: Sequence[Draws], mesh: Mesh) -> list[tuple[Any, Draws]]:
    """The root on every device, and of each chunk of draws a part on each."""
    there = _put(root, jax.tree.map(lambda _: PartitionSpec(), root), mesh)
    return [(there, _put(draws, _parts(draws), mesh)) for draws in chunks]


def _put(tree: Any, specs: Any, mesh: Mesh) -> Any:
    def put(array: Any, spec: PartitionSpec) -> jax.Array:
        host = np.asarray(array)
        return jax.make_array_from_callback(host.shape, NamedSharding(mesh, spec), lambda index: host[index])

    return jax.tree.map(put, tree, specs)


def _parts(draws: Draws) -> Draws:
    """Which axis of each array is that of the draws."""

    def of(nodes: Nodes) -> Nodes:
        fixed = nodes.scale.shape[3] == 1
        return Nodes(
            PartitionSpec(None, None, _AXIS, None),
            PartitionSpec() if fixed else PartitionSpec(None, None, None, _AXIS, None),
            PartitionSpec(),
            PartitionSpec(),
            tuple(map(of, nodes.children)),
        )

    constant = PartitionSpec(None, _AXIS, None)
    return Draws(PartitionSpec(None, *constant), constant, tuple(map(of, draws.nodes)))


def sharded_sums(
    how: Arithmetic, root: Any, draws: Draws, beta: Any, variances: Any, *, mesh: Mesh
) -> tuple[Sums, jax.Array, jax.Array]:
    """`weighted_sums` with the draws of each group spread over the devices of a mesh; all get the results."""
    return _compiled(how, mesh, _Static(_parts(draws)))(root, draws, beta, variances)


class _Static:
    """A tree of specs that hashes by what it prints."""

    def __init__(self, tree: Any) -> None:
        self.tree = tree

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Static) and repr(self.tree) == repr(other.tree)

    def __hash__(self) -> int:
        return hash(repr(self.tree))


@lru_cache(maxsize=64)
def _compiled(
    how: Arithmetic, mesh: Mesh, draws_spec: _Static
) -> Callable[..., tuple[Sums, jax.Array, jax.Array]]:
    nowhere = PartitionSpec()
    return jax.jit(
        jax.shard_map(
            partial(_on_one, how),
            mesh=mesh,
            in_specs=(nowhere, draws_spec.tree, nowhere, nowhere),
            out_specs=nowhere,
            check_vma=False,
        )
    )


def _on_one(
    how: Arithmetic, root: Any, draws: Draws, beta: Any, variances: Any
) -> tuple[Sums, jax.Array, jax.Array]:
    """One device's part of the draws, and then what all have found together."""
    sums, log_weights, scores = weighted_sums(how, root, draws, beta, variances)
    log_max = lax.pmax(sums.log_max, _AXIS)
    scale = jnp.exp(sums.log_max - log_max)

    def total(values: jax.Array) -> jax.Array:
        return jnp.asarray(lax.psum(values * scale, _AXIS))

    gathered = (lax.all_gather(v, _AXIS, axis=v.ndim - 2, tiled=True) for v in (log_weights, scores))
    return Sums(log_max, *map(total, sums[1:])), *gathered
