//! Queries that no recording holds.
