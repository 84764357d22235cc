"""Profile likelihoods."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes

from glmmspec.errors import FitError
from glmmspec.inference.profile import Profile
from glmmspec.plots.panels import ALARM, FAINT, INK, AxesGiven, explain, interval_width, panels, shown

_COLUMNS = 3


def plot_profile(profile: Profile, ax: AxesGiven = None) -> np.ndarray:
    """Draw the signed root of twice the drop of the log-likelihood against each parameter.

    A straight curve is a quadratic log-likelihood, whose profile interval is Wald's. The interval at the
    profile's level lies between the values where the curve meets -z and z (dashed); its limits are the
    vertical lines. Dots are constrained maxima that were computed.

    Parameters
    ----------
    profile
        What `fit.profile()` returns.
    ax
        Axes to draw on, one for each parameter; by default those of a new figure of `matplotlib.pyplot`.

    Returns
    -------
    np.ndarray
        The Axes, one for each parameter.

    Raises
    ------
    FitError
        If `profile` is none, or `ax` is not one Axes for each parameter.
    """
    if not isinstance(profile, Profile):
        raise FitError(
            f"a {type(profile).__name__} is no profile",
            hint="draw that of a fit: gs.plot_profile(fit.profile())",
        )
    limits = profile.confint()
    columns = min(len(limits), _COLUMNS)
    size = (1.2 + 2.6 * columns, 0.8 + 2.2 * -(-len(limits) // columns))
    axes = panels(ax, len(limits), columns=columns, size=size, sharey=True)
    z = interval_width(profile.level)
    for one, (name, ends) in zip(axes, limits.iterrows(), strict=True):
        _draw(one, profile.curves[profile.curves["parameter"] == name], ends.to_numpy(dtype=float), z)
        one.set_xlabel(shown(name), parse_math=False)
    for one in axes[::columns]:
        one.set_ylabel("signed root of twice\nthe drop")
    axes[0].plot([], [], color=ALARM, linewidth=1, label=f"{100 * profile.level:.4g} % confidence limits")
    doubtful = f"{profile.unsettled} constrained maxima did not settle" if profile.unsettled else None
    explain(axes, ax, doubtful)
    return axes


def _draw(ax: Axes, curve: pd.DataFrame, limits: Float[np.ndarray, " 2"], z: float) -> None:
    """One parameter: its curve, and where that meets -z and z."""
    for height in (-z, z):
        ax.axhline(height, color=FAINT, linewidth=0.8, linestyle="--", zorder=0)
    for limit in limits:
        ax.axvline(limit, color=ALARM, linewidth=1, zorder=0)
    ax.plot(curve["value"], curve["zeta"], "o-", color=INK, linewidth=1.2, markersize=2.5)
    ax.set_ylim(-1.15 * z, 1.15 * z)
