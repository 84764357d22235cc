"""What is done with a maximum: the fit, and all that is derived from it."""
