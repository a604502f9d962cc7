//! High availability: comparing instances, the registry check, switching traffic, the rolling upgrade, and that of all instances. Contract:
//! docs/contract/high-availability.md.

pub mod ask;
pub mod compare;
pub mod journals;
pub mod lock;
pub mod measure;
pub mod operate;
pub mod operator;
pub mod registry;
pub mod rollout;
pub mod status;
pub mod target;
pub mod traffic;
pub mod upgrade;
pub mod verify;
