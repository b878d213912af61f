"""What must not reach training unseen: personal data, duplicates, and what is sealed for evaluation."""
