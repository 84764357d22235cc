"""Pictures of a fit, drawn by matplotlib, one function each."""
