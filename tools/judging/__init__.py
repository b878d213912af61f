"""Judging by a model: the answers of two arms compared in both orders, with people's preferences beside it."""
