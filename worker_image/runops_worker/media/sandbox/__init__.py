"""How ffmpeg is started, limited and confined."""
