"""What a study costs, before it runs, and how far it is, while it runs."""
