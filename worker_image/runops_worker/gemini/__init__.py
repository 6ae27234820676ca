"""The only place that imports google.genai, and only once the model is opened: it weighs some 50 MB."""
