"""Questions that fit several things of a corpus: which things, and how they are asked back."""
