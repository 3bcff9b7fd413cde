"""What was about to be sent, on disk before it is sent; and how to go on after a crash."""
