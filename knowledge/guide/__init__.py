"""The guide: short articles in English and Chinese that every recommendation cites."""
