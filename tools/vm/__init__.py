"""The host's side of ./astra: building, starting and talking to guests."""
