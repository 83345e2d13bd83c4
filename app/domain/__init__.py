"""Vocabulary: values and pure functions. Standard library only; no I/O, no vendor format, no framework."""
