"""report.html: a study on one page, with a viewer of its images (docs/report.md)."""
