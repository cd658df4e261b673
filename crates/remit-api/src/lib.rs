//! remit-api
