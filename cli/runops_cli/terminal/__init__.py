"""The terminal side that all commands share: output, options, settings, errors, exit codes."""
