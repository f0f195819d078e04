"""How fast qualify is beside its peers, each case first held to the peer's own figures: `make bench`."""
