//! High availability: comparing instances, the registry check, switching traffic, the rolling upgrade. Contract:
//! docs/contract/high-availability.md.

pub mod ask;
pub mod compare;
pub mod operate;
pub mod operator;
pub mod registry;
pub mod status;
pub mod target;
pub mod traffic;
pub mod upgrade;
pub mod verify;
