"""Counts what networks are asked to do, for tests of what is not made twice."""


def count_networks(monkeypatch, bigart):
    """What networks run from now on: "paint", "enlarge", "enhance"."""
    seen = []

    def watch(model, name):
        original = getattr(model, name)
        monkeypatch.setattr(model, name, lambda *these: seen.append(name) or original(*these))

    watch(bigart.generator, "paint")
    watch(bigart.enlarger, "enlarge")
    watch(bigart.enhancer, "enhance")
    return seen
