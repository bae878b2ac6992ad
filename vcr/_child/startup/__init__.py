"""The directory that stands first in the PYTHONPATH of such a process. It must hold nothing else to import."""
