//! remit-policy
