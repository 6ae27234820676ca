"""From an answer of the model to a SOP."""
