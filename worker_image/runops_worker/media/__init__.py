"""Everything that reads recordings from strangers, with ffmpeg. `transcode` uses `probe`; both use `sandbox`."""
