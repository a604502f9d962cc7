//! What is to be checked, from configurations alone.

use super::*;
use crate::config::testing;

#[test]
fn key_rings_by_name_and_by_type_and_what_is_empty_is_not_configured() {
    for name in ["safkeyring:////IZUSVR/ring", "safkeyring://USER/ring", "safkeyringjce://USER/ring", "SAFKEYRING:///U/R"] {
        assert!(key_store::is_key_ring(name), "{name}");
    }
    assert!(!key_store::is_key_ring("/etc/safkeyring/x.p12"));
    let place = |kind: &str, file: &str| {
        let configuration =
            testing::load(&format!("zowe: {{certificate: {{keystore: {{type: '{kind}', file: '{file}', password: 12}}}}}}"));
        key_store::store(&configuration, &["zowe", "certificate"], "keystore").map(|store| format!("{:?}", store.location))
    };
    assert_eq!(place("JCERACFKS", "whatever").as_deref(), Some("KeyRing(whatever)"));
    assert_eq!(place("PKCS12", "/a.p12").as_deref(), Some("Pkcs12(/a.p12)"));
    assert_eq!(place("", "/a.p12").as_deref(), Some("Pkcs12(/a.p12)"));
    assert_eq!(place("JKS", "/a.jks").as_deref(), Some("OtherType(JKS)"));
    assert_eq!(place("PKCS12", ""), None);
}

#[test]
fn pem_files_are_one_or_several() {
    let files = |value: &str| {
        let configuration =
            testing::load(&format!("zowe: {{runtimeDirectory: /r, certificate: {{pem: {{certificateAuthorities: {value}}}}}}}"));
        let stores = key_store::pem_files(&configuration, &["zowe", "certificate", "pem", "certificateAuthorities"]);
        stores.iter().map(|store| format!("{:?}", store.location)).collect::<Vec<_>>()
    };
    assert_eq!(files("/a.pem"), ["Pem(/a.pem)"]);
    assert_eq!(files("'/a.pem, b.pem,'"), ["Pem(/a.pem)", "Pem(/r/b.pem)"]);
    assert_eq!(files("[/a.pem, 'safkeyring://U/R&label']"), ["Pem(/a.pem)", "KeyRing(safkeyring://U/R&label)"]);
    assert_eq!(files("''"), Vec::<String>::new());
}

#[test]
fn zosmf_is_asked_only_where_a_component_that_is_enabled_has_it_as_provider() {
    let plan = |enabled: &str, provider: &str, rest: &str| {
        let text = format!(
            "zOSMF: {{host: zosmf.example.com, port: 443}}\ncomponents:\n  gateway:\n    enabled: {enabled}\n    apiml: {{security: {{auth: {{provider: {provider}}}}}}}\n{rest}"
        );
        let configuration = testing::load(&text);
        let launched: Vec<String> = configuration.component_names().into_iter().filter(|name| configuration.is_enabled(name)).collect();
        zosmf::plan(&configuration, &launched).map(|plan| format!("{plan:?}"))
    };
    assert!(plan("true", "zosmf", "").is_some_and(|plan| plan.contains("https://zosmf.example.com:443") && plan.contains("tokens: None")));
    assert_eq!(plan("false", "zosmf", ""), None);
    assert_eq!(plan("true", "saf", ""), None);
    assert!(plan("false", "zosmf", "  apiml: {enabled: true}\n").is_some(), "as part of the one service");
    let tokens = "  zaas: {enabled: true, apiml: {security: {auth: {zosmf: {jwtAutoconfiguration: jwt}}}}}\n";
    assert!(plan("true", "zosmf", tokens).is_some_and(|plan| plan.contains("jwtAutoconfiguration")));
    let without_host = testing::load("components: {gateway: {enabled: true, apiml: {security: {auth: {provider: zosmf}}}}}");
    assert!(zosmf::plan(&without_host, &["gateway".to_string()]).is_none());
}

#[test]
fn user_ids() {
    let severities =
        |user: &str, superuser, zos| user::findings(user, superuser, zos).iter().map(|finding| finding.severity).collect::<Vec<_>>();
    assert_eq!(severities("ZWESVUSR", false, true), []);
    assert_eq!(severities("IZUSVR", false, true), [Severity::Warning]);
    assert_eq!(severities("BPXROOT", true, true), [Severity::Error]);
    assert_eq!(severities("ROOT", true, false), [Severity::Warning]);
    assert_eq!(user::findings("izusvr", false, true)[0].message().id(), "ZWEL0302W");
}

#[test]
fn a_finding_is_one_line_whatever_it_holds() {
    let finding = Finding::new(Check::Java, Severity::Error, "a\nb\u{1b}[31m");
    assert_eq!(finding.message().text(), "ZWEL0950E startup check java: a\\nb\\u{1b}[31m");
}
