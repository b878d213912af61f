"""The commands, one module per part of the road; each is thin: read options, call a tool, print its record."""
