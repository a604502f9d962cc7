//! High availability: two configurations of an upgrade compared. Contract: reference/ha.md, "The documented procedure".

pub mod compare;
pub mod operate;
pub mod operator;
pub mod registry;
pub mod traffic;
