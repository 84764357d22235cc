"""Whether the answers can be believed: one estimate put beside another, and beside its stated error."""
