"""The steps of a turn, each a thin function of the state."""
