"""Background jobs: a record on disk first, then a worker process of its own that can be watched, ended and resumed."""
