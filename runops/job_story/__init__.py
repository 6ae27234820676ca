"""What is known of one job, told once: the command line prints it, and the page of the queue draws it. Pure."""
