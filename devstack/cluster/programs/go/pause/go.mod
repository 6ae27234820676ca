// The program of the pause container, which holds a pod's namespaces. Needs nothing but Go itself.
module runops.dev/devstack/cluster/pause

go 1.26.0
