"""The mind of domainsmith: records, policy, prompts, settings and errors.

Nothing here reads a file of the user, opens a socket or loads a model, so every decision can be tested as a table
and the package imports in milliseconds.
"""

__version__ = "0.1.0"
