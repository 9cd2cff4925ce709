"""Who takes part: BIDS in and out, quality control, the split and the pooled draws."""
