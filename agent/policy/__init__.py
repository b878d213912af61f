"""Pure decisions: records and thresholds in, decisions with their reasons out; no I/O anywhere."""
