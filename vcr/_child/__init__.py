"""What a process does that was started inside an open cassette, before its own program runs."""
