"""The pace of calls to models: workers' refusals come in, grants go out, both in the status of VideoJobs."""
