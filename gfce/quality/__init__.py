"""What the volumes of a cohort are like, patient by patient, for a person who looks them over.

Nothing here changes a result: who takes part is decided by the index, and by `cohort.exclude`.
"""
