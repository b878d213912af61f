"""From documents to training pairs: split by document, find facts, word them, check every pair."""
