"""The figures, one module each (`gfce.report.figure`)."""
