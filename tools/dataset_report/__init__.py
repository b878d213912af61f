"""What a dataset of pairs covers, how good it looks and what a card should say of it."""
