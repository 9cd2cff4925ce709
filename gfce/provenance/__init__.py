"""What every result was made of: code, settings and inputs, and whether it still is.

A step's *recipe* is what its result depends on; the *record* beside a result is the recipe that it
was made by, with the hashes of what was written. A result is due where the two differ, where a
file of it is not as it was written, or where something that it reads is due.
"""
