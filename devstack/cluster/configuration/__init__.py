"""What a node's programs are started with: their arguments, configuration files, certificates and kubeconfigs."""
