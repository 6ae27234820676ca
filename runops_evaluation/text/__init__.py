"""Words, numbers and literals of texts, in a form that can be compared."""
