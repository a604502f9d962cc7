//! `component enable` and `disable`: nothing of a configuration changes but the one property.

use super::{Site, shell};
use crate::harness::{program_or_skip, text};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

#[test]
fn every_edit_leaves_the_rest_of_the_configuration_as_it_is() {
    let site = Site::new();
    site.source("mine", "1.0.0", "");
    let before = site.config();
    fs::set_permissions(site.path("zowe.yaml"), fs::Permissions::from_mode(0o640)).unwrap();
    fs::rename(site.path("zowe.yaml"), site.path("real.yaml")).unwrap();
    symlink("real.yaml", site.path("zowe.yaml")).unwrap();
    let shown = site.expect(&["disable", "gateway", "--dry-run"], 0, &["-    enabled: true  # yes\n+    enabled: false  # yes\n"]);
    assert_eq!(site.config(), before);
    // What is shown is what patch takes.
    if program_or_skip("patch").is_some() {
        fs::write(site.path("difference"), &shown).unwrap();
        fs::write(site.path("patched"), &before).unwrap();
        shell(site.place.path(), "patch -s patched difference");
        assert_eq!(fs::read_to_string(site.path("patched")).unwrap(), before.replace("true  # yes", "false  # yes"));
    }
    site.expect(&["disable", "gateway"], 0, &["ZWEL1048I components.gateway.enabled is set to false"]);
    assert_eq!(site.config(), before.replace("true  # yes", "false  # yes"));
    site.expect(&["disable", "gateway"], 0, &["ZWEL1049I components.gateway.enabled is false"]);
    site.expect(&["enable", "gateway"], 0, &[]);
    assert_eq!(site.config(), before);
    site.expect(&["install", "src/mine"], 0, &[]);
    assert_eq!(site.config(), before.replace("components:\n  #", "components:\n  mine:\n    enabled: true\n  #"));
    assert_eq!(fs::metadata(site.path("real.yaml")).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(site.path("zowe.yaml")).unwrap().is_symlink());
    site.expect(
        &["enable", "gateway", "-i", "lpar7"],
        8,
        &["ZWEL1052E lpar7 is no HA instance of this configuration; there are: lpar1, lpar2"],
    );
    // What cannot be edited in place is refused, not written anew without its comments.
    let odd = before.replace("  gateway:\n    enabled: true  # yes\n", "  gateway: &g\n    enabled: true\n  other: *g\n");
    fs::write(
        site.path("real.yaml"),
        odd.replace("# my Zowe\n", "# my Zowe\nanchor: &e\n  enabled: true\n")
            .replace("gateway: &g\n    enabled: true\n  other: *g", "gateway: *e"),
    )
    .unwrap();
    let before = site.config();
    site.expect(&["disable", "gateway"], 8, &["ZWEL1051E components.gateway.enabled cannot be set in", "edit it by hand"]);
    assert_eq!(site.config(), before);
}

#[test]
fn a_member_of_parmlib_is_edited_record_by_record() {
    let site = Site::new();
    let records: String = site.config().lines().map(|line| format!("{line:<120}\n")).collect();
    let member = site.write("data/USER.PARMLIB/ZWEYAML", &records);
    let config = "PARMLIB(USER.PARMLIB(ZWEYAML))";
    let run =
        |arguments: &[&str]| site.command(arguments).env("CONFIG", config).env("ZWELNCH_DATASETS", site.path("data")).output().unwrap();
    let output = run(&["disable", "gateway"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(text(&output).contains("is set to false in USER.PARMLIB(ZWEYAML)"), "{}", text(&output));
    let after = fs::read_to_string(&member).unwrap();
    let changed = format!("{:<120}\n", "    enabled: false  # yes");
    assert_eq!(after, records.replace(&format!("{:<120}\n", "    enabled: true  # yes"), &changed));
    // In the code page of z/OS, as it was.
    let ebcdic = zwelnch::platform::ebcdic::to_ibm_1047(&records);
    fs::write(&member, &ebcdic).unwrap();
    assert_eq!(run(&["disable", "gateway"]).status.code(), Some(0));
    assert_eq!(zwelnch::platform::ebcdic::ibm_1047(&fs::read(&member).unwrap()), after);
}
