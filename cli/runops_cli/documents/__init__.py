"""Documents that people keep: the page of a procedure with its pictures, as HTML, PDF, Markdown or JSON."""
