"""Tests mirror the tree of `app` and `workers`. Fakes of ports: `fakes.py`; databases: `conftest.py`."""
