"""Search methods: each is a module, with what a spec says of it and how it proposes points."""
