"""A campaign of faults: what BIG.art promises is tried where things go wrong. See docs/reliability.md."""
