"""Who may see the page and act on it: hosts, sessions, origins, headers. Pure but for the clock."""
