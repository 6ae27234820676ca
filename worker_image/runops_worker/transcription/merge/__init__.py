"""The transcripts of overlapping chunks become one transcript. Pure."""
