//! The files of samplib/, part of the binary, so that the demo needs nothing else.

/// The annotated zowe.yaml from which a systems programmer begins a real one: samplib/zowe.yaml.
pub const ANNOTATED_CONFIGURATION: &str = include_str!("../../samplib/zowe.yaml");

/// The zowe.yaml of the demo, with placeholders (see [`super::layout`]).
pub(super) const CONFIGURATION_TEMPLATE: &str = include_str!("../../samplib/demo/zowe.yaml");

/// A file of the sample runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleFile {
    /// Relative to the demo's directory.
    pub path: &'static str,
    pub content: &'static str,
}

/// Everything below `runtime/`, which is written as it is.
pub fn sample_files() -> &'static [SampleFile] {
    FILES
}

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(SampleFile { path: $path, content: include_str!(concat!("../../samplib/", $path)) }),*]
    };
}

static FILES: &[SampleFile] = files![
    "runtime/manifest.json",
    "runtime/files/defaults.yaml",
    "runtime/schemas/manifest-schema.json",
    "runtime/schemas/server-common.json",
    "runtime/schemas/zowe-yaml-schema.json",
    "runtime/components/discovery/bin/start.sh",
    "runtime/components/discovery/manifest.yaml",
    "runtime/components/discovery/schemas/discovery.json",
    "runtime/components/flaky/bin/start.sh",
    "runtime/components/flaky/manifest.yaml",
    "runtime/components/flaky/schemas/flaky.json",
    "runtime/components/gateway/bin/start.sh",
    "runtime/components/gateway/manifest.yaml",
    "runtime/components/gateway/schemas/gateway.json",
    "runtime/components/greeter/bin/configure.sh",
    "runtime/components/greeter/bin/start.sh",
    "runtime/components/greeter/bin/validate.sh",
    "runtime/components/greeter/manifest.yaml",
    "runtime/components/greeter/schemas/greeter.json",
    "runtime/components/hello/api/hello.yml.template",
    "runtime/components/hello/bin/start.sh",
    "runtime/components/hello/manifest.yaml",
    "runtime/components/hello/schemas/hello.json",
    "runtime/components/pinger/bin/start.sh",
    "runtime/components/pinger/manifest.yaml",
    "runtime/components/pinger/schemas/pinger.json",
    "runtime/components/toolbox/lib/functions.sh",
    "runtime/components/toolbox/manifest.yaml",
    "runtime/components/toolbox/schemas/toolbox.json",
];
