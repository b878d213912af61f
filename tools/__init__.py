"""What can be done: extraction, mixing, tuning, evaluation, diagnosis, jobs and the project folder."""
