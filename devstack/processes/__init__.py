"""Programs of a stack as processes of this machine: starting and ending them, their folders, their watchdog."""
