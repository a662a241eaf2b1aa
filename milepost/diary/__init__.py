"""The work diary: what was worked when, kept by the freelancer and provable a segment at a time.

`entries` has the values and the rule of rounding, `log` the hash-linked files, `diary` what they
say and how they grow, `weeks` what is sealed and shown, `merkle` the proofs.
"""
