"""What a video may cost at the model: the estimate before its first call, and the cap during the run."""
