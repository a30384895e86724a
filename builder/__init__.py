"""What `build.py` does, a file a task. The standard library alone, unless a file says otherwise."""
