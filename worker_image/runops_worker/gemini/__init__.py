"""The only place that imports google.genai, and only when the first call is made: it weighs some 50 MB."""
