"""Fuzzing: random texts, documents and data frames, each of which must be taken or clearly refused."""
