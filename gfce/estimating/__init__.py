"""How large a study is, and what a job of it takes: numbers from the configuration alone."""
