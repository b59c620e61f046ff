"""What a person can do with the application. Called on the main thread only; no Qt, no SQL."""
