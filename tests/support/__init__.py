"""What several test modules use: servers, fakes, builders and places."""
