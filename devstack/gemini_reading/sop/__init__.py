"""Makes a procedure of the text of a transcript: steps, what is said about them, decisions, loops, the graph."""
