"""Tuning: from a mix to an adapter, one rung of the ladder at a time."""
