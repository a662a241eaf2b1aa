"""The ledger: every agreement of one escrow, read from the chain's logs into a database.

`store` is the database, `replay` what events make of an agreement, `sync` the way from the node
into the database, `reads` the way out, `verify` the comparison with the contract. `statements`,
`deadlines` and `pictures` present what was read, in the words of `words` and `outlook`.
"""
