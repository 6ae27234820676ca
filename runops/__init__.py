"""Domain of runops-operator: what every program of it shares."""
