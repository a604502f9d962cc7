//! Variables that Zowe has added since 3.1. The answers are those of Zowe's own functions, run by node.js on the same configurations.

use crate::config::testing::*;
use crate::config::{Environment, RunFacts};
use crate::platform::fake::FakePlatform;

/// Configuration, one inherited variable, and `ZOSMF_SCHEME ZOSMF_SECURE_PORT_ENABLED ZOSMF_NON_SECURE_PORT_ENABLED
/// ZOSMF_AUTHENTICATION_SCHEME` as processComponentApimlStaticDefinitions sets them.
#[rustfmt::skip]
const ZOSMF: &[(&str, (&str, &str), &str)] = &[
        (r#"{}"#, ("", ""), "https true false zosmf"),
        (r#"{"zOSMF":{"scheme":"http"}}"#, ("", ""), "http false true zosmf"),
        (r#"{"zOSMF":{"scheme":"http"}}"#, ("ZOSMF_SCHEME","https"), "https true false zosmf"),
        (r#"{"zOSMF":{"scheme":"https"},"zowe":{"network":{"server":{"tls":{"attls":true}}}}}"#, ("", ""), "https true false zosmf"),
        (r#"{"zowe":{"network":{"server":{"tls":{"attls":true}}}},"components":{}}"#, ("", ""), "http false true zosmf"),
        (r#"{"zowe":{"network":{"client":{"tls":{"attls":true}}}},"components":{}}"#, ("", ""), "http false true zosmf"),
        (r#"{"zowe":{"network":{"server":{"tls":{"attls":true}},"client":{"tls":{"attls":false}}}},"components":{}}"#, ("", ""), "https true false zosmf"),
        (r#"{"zowe":{"network":{"server":{"tls":{"attls":false}},"client":{"tls":{"attls":true}}}},"components":{}}"#, ("", ""), "http false true zosmf"),
        (r#"{"zowe":{"network":{"server":{"tls":{"attls":true}}}},"components":{"zaas":{"zowe":{"network":{"client":{"tls":{"attls":false}}}}}}}"#, ("", ""), "https true false zosmf"),
        (r#"{"zowe":{"network":{}},"components":{"zaas":{"zowe":{"network":{"server":{"tls":{"attls":true}}}}}}}"#, ("", ""), "http false true zosmf"),
        (r#"{"zowe":{"network":{"client":{"tls":{"attls":false}}}},"components":{"zaas":{"zowe":{"network":{"client":{"tls":{"attls":true}}}}}}}"#, ("", ""), "http false true zosmf"),
        (r#"{"zowe":{"network":{"client":{"tls":{"attls":false}}}},"components":{"zaas":{"zowe":{"network":{"server":{"tls":{"attls":true}}}}}}}"#, ("", ""), "https true false zosmf"),
        (r#"{"zowe":{"network":{"server":{"tls":{"attls":false}}}},"components":{"zaas":{"zowe":{"network":{"server":{"tls":{"attls":true}}}}}}}"#, ("", ""), "http false true zosmf"),
        (r#"{"components":{"gateway":{"apiml":{"security":{"auth":{"provider":"saf"}}}}}}"#, ("", ""), "https true false httpBasicPassTicket"),
        (r#"{"components":{"gateway":{"apiml":{"security":{"auth":{"provider":"zosmf"}}}},"apiml":{"apiml":{"security":{"auth":{"provider":"saf"}}}}}}"#, ("", ""), "https true false httpBasicPassTicket"),
        (r#"{"components":{"gateway":{"apiml":{"security":{"auth":{"provider":"saf"}}}},"apiml":{"apiml":{"security":{"auth":{"provider":"other"}}}}}}"#, ("", ""), "https true false httpBasicPassTicket"),
        (r#"{"components":{"gateway":{"apiml":{"security":{"auth":{"provider":"saf"}}}}},"zOSMF":{"authentication":{"scheme":"zosmf"}}}"#, ("", ""), "https true false zosmf"),
        (r#"{"components":{"gateway":{"apiml":{"security":{"auth":{"provider":"saf"}}}}}}"#, ("ZOSMF_AUTHENTICATION_SCHEME","zosmf"), "https true false zosmf"),
        (r#"{"components":{"gateway":{"apiml":{"security":{"auth":{"provider":"saf"}}}}}}"#, ("ZOSMF_AUTHENTICATION_SCHEME","other"), "https true false httpBasicPassTicket"),
        (r#"{"zOSMF":{"authentication":{"scheme":"httpBasicPassTicket"}}}"#, ("ZOSMF_AUTHENTICATION_SCHEME",""), "https true false httpBasicPassTicket"),
        (r#"{"components":{"gateway":{"apiml":{"security":{"auth":{"provider":"dummy"}}}}}}"#, ("", ""), "https true false zosmf"),
];

/// Configuration, and the list of getAllowedDomains.
#[rustfmt::skip]
const DOMAINS: &[(&str, &str)] = &[
        (r#"{"zowe":{"externalDomains":["a.example.com","b.example.com"]}}"#, "a.example.com,b.example.com"),
        (r#"{"zowe":{"externalDomains":["a","a"," a ","b"]},"zOSMF":{"host":"b"}}"#, "a,b"),
        (r#"{"zowe":{"externalDomains":["dvipa"],"network":{"server":{"listenAddresses":["10.0.0.1","0.0.0.0"]},"allowedDomains":["*.partner.example","dvipa"," x ",""," ",",y","y,","u,v"]}},"zOSMF":{"host":"zosmf.example.com"},"haInstances":{"lpar1":{"hostname":"one"},"lpar2":{"hostname":"two"},"lpar3":{"hostname":"one"}}}"#, "one,two,dvipa,zosmf.example.com,10.0.0.1,0.0.0.0,*.partner.example,x,u,v"),
        (r#"{"zowe":{"externalDomains":[],"network":{"allowedDomains":["only"]}}}"#, "only"),
        (r#"{"zowe":{"network":{"server":{}}},"haInstances":{"lpar1":{"hostname":"one"}}}"#, "one"),
        (r#"{"zowe":{"externalDomains":["::1"]},"zOSMF":{"host":""}}"#, "::1"),
];

fn environment(text: &str, inherited: &[(&str, &str)]) -> Environment {
    let inherited: Environment = inherited.iter().map(|(name, value)| ((*name).to_string(), (*value).into())).collect();
    let facts = RunFacts { config: "FILE(/a):FILE(/b)", inherited: Some(&inherited), ..RunFacts::default() };
    load(text).instance_environment(&FakePlatform::default(), &facts)
}

fn get(environment: &Environment, name: &str) -> String {
    environment.get(name).map_or_else(|| format!("no {name}"), |value| value.to_str().unwrap().to_owned())
}

#[test]
fn zosmf_is_spoken_to_as_zowe_says() {
    for (text, (name, value), expected) in ZOSMF {
        let inherited: Vec<_> = [(*name, *value)].into_iter().filter(|(name, _)| !name.is_empty()).collect();
        let environment = environment(text, &inherited);
        let names = ["ZOSMF_SCHEME", "ZOSMF_SECURE_PORT_ENABLED", "ZOSMF_NON_SECURE_PORT_ENABLED", "ZOSMF_AUTHENTICATION_SCHEME"];
        assert_eq!(names.map(|name| get(&environment, name)).join(" "), *expected, "{text} {name}={value}");
    }
}

#[test]
fn of_the_one_service_its_own_place_counts_too() {
    let text = "components: {apiml: {enabled: ENABLED, zowe: {network: {client: {tls: {attls: true}}}}}}";
    assert_eq!(get(&environment(&text.replace("ENABLED", "true"), &[]), "ZOSMF_SCHEME"), "http");
    assert_eq!(get(&environment(&text.replace("ENABLED", "false"), &[]), "ZOSMF_SCHEME"), "https");
}

#[test]
fn services_may_register_from_the_domains_that_zowe_lets_them() {
    for (text, expected) in DOMAINS {
        assert_eq!(get(&environment(text, &[]), "ZWE_ALLOWED_DOMAINS"), *expected, "{text}");
    }
    let (text, expected) = DOMAINS[0];
    assert_eq!(get(&environment(text, &[("ZWE_ALLOWED_DOMAINS", "mine")]), "ZWE_ALLOWED_DOMAINS"), "mine");
    assert_eq!(get(&environment(text, &[("ZWE_ALLOWED_DOMAINS", "")]), "ZWE_ALLOWED_DOMAINS"), expected);
}

#[test]
fn paths_to_programs_are_never_the_working_directory() {
    let homes = "java: {home: /java}\nnode: {home: /node}\n";
    assert_eq!(get(&environment("zowe: {}", &[]), "PATH"), "/bin:/usr/bin");
    assert_eq!(get(&environment(homes, &[]), "PATH"), "/java/bin:/node/bin:/bin:/usr/bin");
    assert_eq!(get(&environment(homes, &[("PATH", "")]), "PATH"), "/java/bin:/node/bin:/bin:/usr/bin");
    assert_eq!(get(&environment(homes, &[("PATH", "/x:/java/bin")]), "PATH"), "/node/bin:/x:/java/bin");
    assert_eq!(get(&environment("zowe: {}", &[("JAVA_HOME", "/j")]), "PATH"), "/j/bin:/bin:/usr/bin");
    assert_eq!(get(&environment(&format!("{homes}zowe: {{environments: {{PATH: '/only'}}}}"), &[("PATH", "/x")]), "PATH"), "/only");
    assert_eq!(get(&environment("java: {home: '/a:b'}", &[]), "PATH"), "/bin:/usr/bin", "it cannot stand there");
}

#[test]
fn the_user_and_the_files_of_the_configuration() {
    let text = "zowe: {workspaceDirectory: /ws}\nhaInstances: {LPAR1: {hostname: h}}\n";
    let one = environment(text, &[]);
    assert_eq!(get(&one, "USER"), "TESTER");
    assert_eq!(get(&environment(text, &[("USER", "me")]), "USER"), "me");
    assert_eq!(get(&one, "ZWE_PRIVATE_CONFIG_ORIG"), "FILE(/a):FILE(/b)");
    assert_eq!(get(&one, "ZWE_HA_INSTANCE_CONFIG"), "/ws/.env/.zowe-lpar1-merged.yaml");
    let none = environment("zowe: {workspaceDirectory: /ws}", &[]);
    assert_eq!(get(&none, "ZWE_HA_INSTANCE_CONFIG"), "no ZWE_HA_INSTANCE_CONFIG");
}

#[test]
fn discovery_services_at_addresses_of_ipv6_stand_in_brackets() {
    let text =
        "components: {discovery: {enabled: true, port: 7553}}\nhaInstances: {lpar1: {hostname: '::1'}, b: {hostname: '2001:db8::2'}}\n";
    assert_eq!(
        get(&environment(text, &[]), "ZWE_DISCOVERY_SERVICES_LIST"),
        "https://[::1]:7553/eureka/,https://[2001:db8::2]:7553/eureka/"
    );
}

#[test]
fn attls_of_a_server_is_what_its_own_place_says_first() {
    let of = |own: &str, all: &str| {
        let text = format!("zowe: {{network: {{server: {all}}}}}\ncomponents: {{web: {{zowe: {{network: {{server: {own}}}}}}}}}");
        load(&text).is_server_attls("web")
    };
    assert!(of("{}", "{tls: {attls: true}}") && of("{tls: {attls: true}}", "{tls: {attls: false}}"));
    assert!(!of("{tls: {attls: false}}", "{tls: {attls: true}}") && !of("{}", "{}"));
}
