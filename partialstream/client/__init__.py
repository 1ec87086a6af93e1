"""The whole call: request, stream, validation, retries."""
