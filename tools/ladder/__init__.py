"""Climbing the ladder Q-LoRA → LoRA → full by measured gates."""
