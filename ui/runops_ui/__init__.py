"""The page of the queue: `runops ui` on a workstation, an optional Deployment of the chart in a cluster."""
