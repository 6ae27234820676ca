"""From clips of the slim video to one transcript."""
