"""A model that answers: what is asked, how an answer is read, what it costs."""
