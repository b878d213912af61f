"""What is known: the guide's articles, and the user's documents from bytes to a cited answer."""
