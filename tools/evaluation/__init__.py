"""Arms answer the same sealed items; scores with intervals, paired comparisons, a radar and a verdict come out."""
