"""Whether the derived numbers of printed tables follow from the others."""
