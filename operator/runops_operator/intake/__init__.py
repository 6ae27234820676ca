"""Rows of the table `jobs`: chosen, claimed, made VideoJobs of, and watched while they are held."""
