"""The circuit breakers of an installation, fed by what VideoJobs show."""
