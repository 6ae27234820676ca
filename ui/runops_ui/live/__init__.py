"""What changes while somebody looks: one reader of the table for all who look, a log of events, a stream for each."""
