"""Nothing lost, nothing leaked: what happens when something goes wrong. One file for each thing that can."""
