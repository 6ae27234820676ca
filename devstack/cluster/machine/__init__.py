"""What clusters share on this machine: folders, locks, addresses, Debian packages, what a killed node leaves."""
