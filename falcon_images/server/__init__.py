"""The HTTP server: Waitress with limits, time-outs and several processes."""
