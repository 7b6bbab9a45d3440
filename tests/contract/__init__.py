"""Foreign clients against the embedded server, over real sockets."""
