"""What the worker itself writes into a SOP: questions, labels and notes, in the language of the SOP."""
