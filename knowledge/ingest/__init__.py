"""From a user's files to clean text and chunks; parsing happens in a limited subprocess."""
