//! What is to be checked, from configurations alone.

use super::key_store::Bases;
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
        key_store::store(&configuration, &Bases::instance(), "keystore").map(|store| format!("{:?}", store.location))
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
        let stores = key_store::pem_files(&configuration, &Bases::instance(), "certificateAuthorities");
        stores.iter().map(|store| format!("{:?}", store.location)).collect::<Vec<_>>()
    };
    assert_eq!(files("/a.pem"), ["Pem(/a.pem)"]);
    assert_eq!(files("'/a.pem, b.pem,'"), ["Pem(/a.pem)", "Pem(/r/b.pem)"]);
    assert_eq!(files("[/a.pem, 'safkeyring://U/R&label']"), ["Pem(/a.pem)", "KeyRing(safkeyring://U/R&label)"]);
    assert_eq!(files("''"), Vec::<String>::new());
}

/// As the start scripts of API ML have it: `${ZWE_configs_certificate_keystore_file:-${ZWE_zowe_certificate_keystore_file}}` and so on.
#[test]
fn the_certificate_of_a_component_is_laid_over_that_of_the_instance_property_by_property() {
    let stores = |own: &str| {
        let configuration = testing::load(&format!(
            "zowe: {{certificate: {{keystore: {{type: PKCS12, file: /z.p12, password: zowe, alias: one}}, truststore: {{file: /t.p12}}, \
            pem: {{key: /z.key, certificate: /z.pem}}}}}}\ncomponents: {{web: {{enabled: true, certificate: {own}}}}}"
        ));
        let bases = Bases::component("web");
        let own = |key| key_store::store(&configuration, &bases, key).filter(|_| bases.own_store(&configuration, key).is_some());
        let show = |key| match own(key).map(|store| (store.property.to_string(), store.location)) {
            Some((property, key_store::Place::Pkcs12 { file, password, alias })) => {
                format!("{property} {} {password} {}", file.display(), alias.unwrap_or_default())
            }
            Some((property, place)) => format!("{property} {place:?}"),
            None => "none".into(),
        };
        (show("keystore"), show("truststore"))
    };
    let own = "components.web.certificate.keystore";
    assert_eq!(stores("{}").0, "none");
    assert_eq!(stores("{keystore: {file: '', alias: ''}}").0, "none");
    assert_eq!(stores("{keystore: {file: /own.p12}}"), (format!("{own}.file /own.p12 zowe one"), "none".into()));
    assert_eq!(stores("{keystore: {alias: 7}}").0, format!("{own}.alias /z.p12 zowe 7"));
    assert_eq!(stores("{keystore: {password: 12}}").0, format!("{own}.password /z.p12 12 one"));
    assert_eq!(stores("{keystore: {type: JCERACFKS}}").0, format!("{own}.type KeyRing(/z.p12)"));
    assert_eq!(stores("{truststore: {password: x}}").1, "components.web.certificate.truststore.password /t.p12 x ");
    // What it trusts is its own or the instance's, in both kinds.
    let configuration = testing::load(
        "zowe: {certificate: {truststore: {file: /t.p12}, pem: {certificateAuthorities: /z.pem}}}\n\
        components: {web: {certificate: {truststore: {file: /own.p12}}}}",
    );
    let trusts = |bases: &Bases| {
        let stores = key_store::trust_stores(&configuration, bases);
        stores.iter().map(|store| format!("{:?}", store.location)).collect::<Vec<_>>()
    };
    assert_eq!(trusts(&Bases::component("web")), ["Pem(/z.pem)", "Pkcs12(/own.p12)"]);
    assert_eq!(trusts(&Bases::component("other")), ["Pem(/z.pem)", "Pkcs12(/t.p12)"]);
}

#[test]
fn a_store_beyond_its_bound_is_refused_with_the_bound() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("large.p12");
    let file = std::fs::File::create(&path).unwrap();
    file.set_len(16 * 1024 * 1024 + 1).unwrap();
    let error = key_store::read(&path).unwrap_err().to_string();
    assert!(error.contains("large.p12") && error.contains("larger than 16 MiB"), "{error}");
    file.set_len(16 * 1024 * 1024).unwrap();
    assert!(key_store::read(&path).is_ok());
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
