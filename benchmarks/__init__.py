"""Figures of the whole service, each against a target or a twin measured in the same run: `python -m benchmarks`.

Nothing here is part of a test: figures depend on the machine, and a slow hour must not fail a build.
"""
