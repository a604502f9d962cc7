//! stub

pub mod registration;
pub mod workspace;
