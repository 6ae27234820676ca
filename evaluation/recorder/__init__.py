"""Makes gold recordings: scripts work real programs, and note what is true while they do it."""
