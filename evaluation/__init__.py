"""What only a checkout needs of the evaluation; `runops_evaluation` is what is installed."""
