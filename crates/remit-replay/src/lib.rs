//! remit-replay
