"""What every command shares with the terminal: output, options, settings, errors, exit codes."""
