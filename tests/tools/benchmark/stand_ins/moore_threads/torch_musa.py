"""Stands in for Moore Threads' extension of torch."""

from __future__ import annotations

from pretence import install

__version__ = "2.9.0"

if install("musa") is None:
    raise ImportError("libmusart.so: cannot open shared object file: No such file or directory")
