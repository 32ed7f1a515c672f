"""From a file to speech: decoding, speech detection, quality, simulated channels."""
