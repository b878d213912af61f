"""Why items failed, from evidence, and what would mend it, data first."""
