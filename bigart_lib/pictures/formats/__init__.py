"""What picture files say before their pixels, and their pixels: a module for each family of formats."""
