"""A model as equations."""
