"""From speech to embeddings and scores: features, the LSTM, extraction, scoring."""
