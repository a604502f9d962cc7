//! `zwelnch demo`: lays out the sample instance, and the small services that its components run. Contract: issue 2, What a new user does.

pub mod layout;
mod sample;
pub mod service;

pub use sample::{ANNOTATED_CONFIGURATION, SampleFile, sample_files};

/// What the demo's console shows first: where things are, and what to try.
pub fn banner(layout: &layout::Layout, job: &str) -> Vec<String> {
    let directory = layout.directory.display();
    let mut lines = vec![
        format!("The sample instance is in {directory}: change {}, the scripts, anything.", layout.configuration.display()),
        format!("SYSPRINT is in {directory}/spool, one directory a job; SYSLOG scrolls here."),
        format!("Try  F {job},APPL=DISP   F {job},APPL=START(pinger)   D A,L   P {job}   HELP   (end with Ctrl-D)"),
    ];
    if !layout.kept.is_empty() {
        lines.push(format!("Kept as you changed them: {}", layout.kept.join(", ")));
    }
    lines
}
