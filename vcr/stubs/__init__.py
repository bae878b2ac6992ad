"""Room: the stubs, one file for each kind of client. A stub knows no option, no file and no other interaction."""
