"""The four stages of a video. No stage imports another: the pipeline hands results on."""
