//! Every golden case: merged configuration, verdict and variables as the public tools have them, but for what the reference says otherwise.

use crate::component::{self, Component};
use crate::config::testing::*;
use crate::config::{Configuration, LoadError, lookup};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A value that is right where it differs from the public tools': case, path, ours (None: absent), reason.
type Difference = (&'static str, &'static [&'static str], Option<Value>, &'static str);

fn differences() -> Vec<Difference> {
    let alone = "each expression is evaluated by itself and joined as text";
    let undefined = "undefined is null in ours, with a warning";
    vec![
        ("02-templates", &["components", "alpha", "mixed"], Some(json!("prefix 2 suffix")), alone),
        ("02-templates", &["components", "alpha", "two"], Some(json!("12")), alone),
        ("02-templates", &["components", "alpha", "undef"], Some(Value::Null), undefined),
        ("02-templates", &["components", "alpha", "missing"], Some(Value::Null), undefined),
        ("02-templates", &["components", "alpha", "chain1"], Some(json!("end")), "forward references resolve"),
        ("02-templates", &["zowe", "cookieIdentifier"], Some(json!("big")), "forward references resolve: externalPort comes after it"),
        ("21-tags", &["components", "alpha", "t1"], Some(json!("42")), "explicit tags are obeyed"),
        ("21-tags", &["components", "alpha", "t4"], Some(json!(3.0)), "!!float is kept"),
        ("21-tags", &["components", "alpha", "t7"], Some(json!("aGVsbG8=")), "!!binary is kept as its text"),
    ]
}

/// Cases that ours refuses to load though the public tool goes on: case and what the error must say.
const REFUSED: &[(&str, &[&str])] = &[
    ("15-dup-keys", &["zowe.yaml:30:5: the key 'port' is defined twice, first in line 29"]),
    ("17-template-errors", &["zowe.yaml:30:11", "zowe.yaml:31:11", "zowe.yaml:32:11", "boom", "zowe.yaml:33:11", "'}}'"]),
];

/// The custom tag is an error in ours: that line is taken out (a test of its own proves the error).
fn edit(case: &str, text: &str) -> String {
    if case == "21-tags" {
        text.lines().filter(|line| !line.contains("!custom")).map(|line| format!("{line}\n")).collect()
    } else {
        text.into()
    }
}

fn name(case: &Path) -> String {
    case.file_name().unwrap().to_string_lossy().into_owned()
}

fn load(runtime: &GoldenRuntime, case: &Path, id: &str) -> Result<Configuration, LoadError> {
    let name = name(case);
    runtime.load(case, id, &|text| edit(&name, text))
}

fn set(value: &mut Value, path: &[&str], new: Option<Value>) {
    let (last, parents) = path.split_last().unwrap();
    let parent = parents.iter().fold(value, |value, step| value.get_mut(*step).unwrap()).as_object_mut().unwrap();
    match new {
        Some(new) => parent.insert((*last).to_string(), new),
        None => parent.remove(*last),
    };
}

fn compare_merged(defaults: bool, file: &str) {
    let Some(runtime) = GoldenRuntime::new(defaults) else { return };
    let mut compared = 0;
    for case in runtime.cases() {
        let name = name(&case);
        let loaded = load(&runtime, &case, "lpar1");
        if let Some((_, needles)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
            let error = loaded.expect_err(&name).to_string();
            needles.iter().for_each(|needle| assert!(error.contains(needle), "{name}: {needle} in {error}"));
            continue;
        }
        let Ok(expected) = std::fs::read_to_string(case.join(file)) else {
            assert!(loaded.is_err(), "{name} has no merged configuration, so that it must not load");
            continue;
        };
        let mut expected: Value = serde_json::from_str(&runtime.placed(&expected)).unwrap();
        for (_, path, ours, _) in differences().into_iter().filter(|(case, ..)| *case == name) {
            // Without defaults.yaml the keys stand in another order, and what was a forward reference is none.
            let none = lookup(&expected, path) == ours.as_ref();
            assert!(!none || path == ["zowe", "cookieIdentifier"], "{name} {path:?} is listed as a difference and is none");
            set(&mut expected, path, ours);
        }
        let configuration = loaded.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(*configuration.base(), expected, "{name} {file}");
        compared += 1;
    }
    assert!(compared > 8, "only {compared} cases were compared");
}

#[test]
#[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
fn merged_with_defaults_is_that_of_the_public_tool() {
    compare_merged(true, "merged.with-defaults.json");
}

#[test]
#[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
fn merged_without_defaults_is_that_of_the_public_tool() {
    compare_merged(false, "merged.user-only.json");
}

/// The paths that a verdict complains of, as `a.b.c`.
fn offending(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| line.contains("not permitted at") || line.contains("not allowed:"))
        .filter_map(|line| line.rsplit_once(" at ").map(|(_, path)| path))
        .map(|path| path.trim_matches('\'').split(['\'', ';']).next().unwrap().trim_start_matches('/').replace('/', "."))
        .collect()
}

fn compare_verdicts(defaults: bool, file: &str) {
    let Some(runtime) = GoldenRuntime::new(defaults) else { return };
    for case in runtime.cases() {
        let name = name(&case);
        let verdict = std::fs::read_to_string(case.join(file)).unwrap();
        let loaded = load(&runtime, &case, "lpar1");
        if REFUSED.iter().any(|(refused, _)| *refused == name) {
            assert!(loaded.is_err(), "{name}");
        } else if verdict.contains("# rc=0") || verdict.contains("# rc=99") {
            let problems = loaded.unwrap_or_else(|error| panic!("{name}: {error}")).validate();
            let errors: Vec<_> = problems.iter().filter(|problem| problem.error).collect();
            let ours: BTreeSet<String> = errors.iter().map(|problem| problem.text.split(':').next().unwrap().to_string()).collect();
            assert_eq!(ours, offending(&verdict), "{name} {file}: {errors:?}");
            assert!(errors.iter().all(|problem| problem.place.as_ref().unwrap().to_string().contains("zowe.yaml:")), "{errors:?}");
        } else {
            assert!(loaded.is_err(), "{name}: the public tool cannot read it either");
        }
    }
}

#[test]
#[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
fn verdicts_with_defaults_are_those_of_the_public_tool() {
    compare_verdicts(true, "validate.with-defaults.txt");
}

#[test]
#[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
fn verdicts_without_defaults_are_those_of_the_public_tool() {
    compare_verdicts(false, "validate.user-only.txt");
}

/// `NAME=value` lines; the shebang is no variable.
fn variables(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect()
}

/// Variables that differ rightly: case, a part of the name, reason.
const OTHER_VARIABLES: &[(&str, &str, &str)] = &[
    ("02-templates", "alpha_mixed", "each expression is evaluated by itself"),
    ("02-templates", "alpha_two", "each expression is evaluated by itself"),
    ("02-templates", "alpha_undef", "undefined is null"),
    ("02-templates", "alpha_missing", "undefined is null"),
    ("02-templates", "alpha_chain1", "forward references resolve"),
    ("02-templates", "zowe_cookieIdentifier", "forward references resolve"),
    ("02-templates", "configs_mixed", "each expression is evaluated by itself"),
    ("02-templates", "configs_two", "each expression is evaluated by itself"),
    ("02-templates", "configs_undef", "undefined is null"),
    ("02-templates", "configs_missing", "undefined is null"),
    ("02-templates", "configs_chain1", "forward references resolve"),
    ("21-tags", "_t1", "explicit tags are obeyed"),
    ("21-tags", "_t4", "!!float is kept"),
    ("21-tags", "_t7", "!!binary is kept as its text"),
    ("03-ha-overlay", "_list_1", "elements of a default list that a shorter one replaced are left out"),
    ("25-missing-ha", "_list_1", "elements of a default list that a shorter one replaced are left out"),
];

/// What the tools of 3.1, which made the cases, did not set yet.
const SINCE: &[&str] = &["ZWE_ALLOWED_DOMAINS", "ZWE_HA_INSTANCE_CONFIG"];

#[test]
#[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
fn variables_are_those_of_the_public_tool() {
    let Some(runtime) = GoldenRuntime::new(true) else { return };
    let mut compared = 0;
    for case in runtime.cases() {
        let name = name(&case);
        if REFUSED.iter().any(|(refused, _)| *refused == name) {
            continue;
        }
        for id in ["lpar1", "lpar2"] {
            let folder = case.join(format!("ws.{id}/ws/.env"));
            let Ok(expected) = std::fs::read_to_string(folder.join(format!(".instance-{id}.env"))) else { continue };
            let configuration = load(&runtime, &case, id).unwrap_or_else(|error| panic!("{name}: {error}"));
            let runtime_directory = configuration.runtime_directory().unwrap();
            let (installed, errors) = component::installed(&runtime_directory, configuration.extension_directory().as_deref());
            assert!(errors.is_empty() && installed.len() == 5, "{errors:?}");
            let defaults: Vec<_> = installed.iter().map(|component| (component.name.clone(), component.manifest.configs.clone())).collect();
            let ours = configuration.instance_variables(&defaults);
            assert_same(&name, &format!("{id} instance"), &ours, &variables(&runtime.placed(&expected)));
            for component in &installed {
                let file = folder.join(&component.name).join(format!(".instance-{id}.env"));
                let Ok(expected) = std::fs::read_to_string(file) else { continue };
                assert_component(&name, id, &configuration, component, &variables(&runtime.placed(&expected)));
                compared += 1;
            }
        }
    }
    assert!(compared > 50, "only {compared} files were compared");
}

/// The file of one component holds the defaults of that component only.
fn assert_component(case: &str, id: &str, configuration: &Configuration, component: &Component, expected: &BTreeMap<String, String>) {
    let own = [(component.name.clone(), component.manifest.configs.clone())];
    let mut ours = configuration.instance_variables(&own);
    ours.extend(component::variables(component, configuration));
    assert_same(case, &format!("{id} {}", component.name), &ours, expected);
}

fn assert_same(case: &str, what: &str, ours: &BTreeMap<String, String>, expected: &BTreeMap<String, String>) {
    let names: BTreeSet<&String> = ours.keys().chain(expected.keys()).filter(|name| !SINCE.contains(&name.as_str())).collect();
    let differing: Vec<String> = names
        .into_iter()
        .filter(|name| ours.get(*name) != expected.get(*name))
        .filter(|name| !OTHER_VARIABLES.iter().any(|(known, part, _)| *known == case && name.contains(part)))
        .map(|name| format!("{name}: ours {:?}, expected {:?}", ours.get(name), expected.get(name)))
        .collect();
    assert!(differing.is_empty(), "{case} {what}: {differing:#?}");
}

/// A start command's own view: everything in it that is not of the server command's shell library.
#[test]
#[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
fn a_component_sees_what_the_public_tool_shows_it() {
    let Some(runtime) = GoldenRuntime::new(true) else { return };
    let case = runtime.golden.join("27-environments-ok");
    let configuration = load(&runtime, &case, "lpar1").unwrap();
    let survey = component::survey(&configuration);
    let platform = FakePlatform::default();
    let environment = crate::inspect::environment_of(&configuration, &survey, &platform, "FILE(/x)", Some("alpha"), None).unwrap();
    let expected = std::fs::read_to_string(case.join("start.lpar1.alpha.txt")).unwrap();
    // zowe.environments of this case sets _BPX_SHAREAS, which ours protects.
    let left_out = [
        "_BPX_SHAREAS",
        "__UNTAGGED_READ_MODE",
        "rc",
        "HOME",
        "OLDPWD",
        "PATH",
        "PWD",
        "USER",
        "ALPHA_FROM_CONFIGURE",
        "ZWE_PWD",
        "ZWE_CLI_PARAMETER_CONFIG",
    ];
    for (name, value) in variables(&runtime.placed(&expected)) {
        let of_shell_library = left_out.contains(&name.as_str())
            || ["NODE_STD", "_BPXK_", "_CEE_", "_EDC_", "_TAG_"].iter().any(|prefix| name.starts_with(prefix))
            || name.contains(' ')
            || (name.starts_with("ZWE_PRIVATE_") && !["ZWE_PRIVATE_WORKSPACE_ENV_DIR", "ZWE_PRIVATE_LOG_LEVEL_ZWELS"].contains(&&*name))
            || (name.starts_with("ZWE_CLI_") && !name.starts_with("ZWE_CLI_PARAMETER_"));
        if of_shell_library {
            continue;
        }
        let ours = environment.get(&name).map(|value| value.to_string_lossy().into_owned());
        if name == "ZWE_INSTALLED_COMPONENTS" {
            let sorted = |list: &str| list.split(',').map(str::to_string).collect::<BTreeSet<_>>();
            assert_eq!(sorted(&ours.unwrap()), sorted(&value), "the order is that of a directory");
        } else {
            assert_eq!(ours.as_deref(), Some(value.as_str()), "{name}");
        }
    }
}

#[test]
#[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
fn what_is_launched_is_what_the_public_tool_launches() {
    let Some(runtime) = GoldenRuntime::new(true) else { return };
    let mut compared = 0;
    for case in runtime.cases() {
        for id in ["lpar1", "lpar2"] {
            let Ok(expected) = std::fs::read_to_string(case.join(format!("launch-components.{id}.txt"))) else { continue };
            let Some(expected) = expected.lines().find(|line| !line.starts_with(['#', 'W', '*']) && !line.is_empty()) else { continue };
            let Ok(configuration) = load(&runtime, &case, id) else { continue };
            let survey = component::survey(&configuration);
            let expected: BTreeSet<&str> = expected.split(',').collect();
            let ours: BTreeSet<&str> = survey.launched.iter().map(String::as_str).collect();
            assert_eq!(ours, expected, "{} {id}: {:?}", name(&case), survey.problems());
            compared += 1;
        }
    }
    assert!(compared > 10, "only {compared} lists were compared");
}
