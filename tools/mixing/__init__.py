"""The training mix: domain pairs and general data in an exact share, without a leak from the sealed items."""
