"""Tables 1 to 5 of a study, with a reason for every empty value."""
