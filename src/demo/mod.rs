//! `zwelnch demo`: lays out the sample instance, and the small services that its components run. Contract: issue 2, What a new user does.

pub mod layout;
mod sample;
pub mod service;

pub use sample::{ANNOTATED_CONFIGURATION, SampleFile, sample_files};
