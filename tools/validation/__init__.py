"""The sealed validation set: built from the documents, or read from the files people already have."""
