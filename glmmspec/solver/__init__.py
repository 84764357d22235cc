"""Maximum likelihood by Monte Carlo likelihood approximation (docs/mathematics.md)."""
