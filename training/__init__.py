"""How the embedded models were made: data, training and scores. Nothing in `bigart_lib` imports this."""
