"""What reviewers ask for: filled checklists, cards, an RO-Crate (docs/reviewer.md)."""
