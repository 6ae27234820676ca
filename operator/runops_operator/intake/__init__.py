"""From rows of the table `jobs` to VideoJobs: choose, claim, confirm, adopt; and the watch over claimed rows."""
