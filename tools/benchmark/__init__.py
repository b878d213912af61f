"""What a machine can do and how fast: measured here, through an endpoint, or by a script run elsewhere."""
