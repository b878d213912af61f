"""Records as replies: pure functions from what was decided or measured to what the assistant says."""
