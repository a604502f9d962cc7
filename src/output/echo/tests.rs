//! Lines as Zowe's components write them, and lines that only show a setting.

use super::*;
use crate::output::AwaitedText;
use proptest::prelude::*;

/// A line that says the wanted text, and the text. From the sources and documentation of the programs that write them.
const SAID: &[(&str, &str)] = &[
    // API ML, logback's default pattern of 2.x and 3.x; the documentation's examples.
    (
        "ZWEAM000I",
        "2024-10-24 10:11:12.345 <ZWEADS1:main:66493> ZWESVUSR INFO  ((o.z.a.p.s.ServiceStartupEventHandler)) ZWEAM000I Discovery Service started in 21.785 seconds",
    ),
    (
        "ZWEAM000I",
        "2020-08-10 06:44:33.386 <ZWEADS1:main:66493> ZWESVUSR INFO  (o.z.a.p.s.ServiceStartupEventHandler) ZWEAM000I Discovery Service has been started in 1275.604 seconds",
    ),
    (
        "ZWEAM001I",
        "[AG] 2024-09-26 08:44:35.200 <ZWEAGW1:DiscoveryClient-InstanceInfoReplicator-%d:28573> jb892003 INFO  ((o.z.a.g.c.GatewayHealthIndicator)) ZWEAM001I API Mediation Layer started",
    ),
    (
        "ZWEAM001I",
        "2026-07-01 07:20:27.337 <ZWEAGW1:main:33885081> ZWESVUSR INFO  (o.z.a.GatewayHealthIndicator) ZWEAM001I API Mediation Layer started",
    ),
    // With the colours that some terminals get, and with what is left of them without their ESC.
    (
        "ZWEAM000I",
        "2025-07-29 08:13:44.560 \x1b[35m<ZWE1AC:main:17171209>\x1b[0;39m \x1b[35mZWESVUSR\x1b[0;39m \x1b[36mINFO \x1b[0;39m \x1b[36m((o.z.a.p.s.ServiceStartupEventHandler))\x1b[0;39m ZWEAM000I API Catalog Service started in 71.757 seconds",
    ),
    (
        "ZWEAM000I",
        "2025-07-29 08:13:44.560 <ZWE1AC:main:17171209> [35mZWESVUSR[0;39m [36mINFO [0;39m ((o.z.a.p.s.ServiceStartupEventHandler)) ZWEAM000I API Catalog Service started",
    ),
    // The documentation's pattern that puts the id in front.
    (
        "ZWEAM001I",
        "ZWEAM001I 2024-09-30 10:17:53.814 <ZWEAGW1:x:3335> jb892003 INFO ((o.z.a.g.c.GatewayHealthIndicator)) ZWEAM001I API Mediation Layer started",
    ),
    // app-server: zlux-shared's logger, with and without the process and the user.
    (
        "ZWED0031I",
        "2024-10-24 10:11:12.345 <ZWED:16842753> ZWESVUSR INFO (_zsf.install,index.js:352) ZWED0031I - Server is ready at https://lpar:7556/, Plugins successfully loaded: 100% (9/9)",
    ),
    (
        "ZWED0031I",
        "2022-06-01 10:11:12.345 INFO (_zsf.install,:) ZWED0031I - Server is ready at https://lpar:7556/, Plugins successfully loaded: 89% (8/9)",
    ),
    (
        "ZWED0021I",
        "2024-10-24 10:11:12.345 <ZWED:16842753> ZWESVUSR INFO (_zsf.apiml,apiml.js:275) ZWED0021I - Eureka Client Registered from 10.1.1.1.",
    ),
    // zss.
    (
        "ZWES1013I",
        "2024-10-24 10:11:12.345 <ZWES:67174496> ZWESVUSR INFO (zowe.zss.mvd.server,zss.c:1080) ZWES1013I ZSS Server has started. Version '3.0.0+20241024' 64-bit",
    ),
    ("ZWES1013I", "ZWES1013I ZSS Server has started. Version '1.18.0+20201214' "),
    (
        "ZWES1014I",
        "2024-10-24 10:11:12.345 <ZWES:67174496> ZWESVUSR INFO (zowe.zss.mvd.server,zss.c:1102) ZWES1014I ZIS status - 'Ok' (name='ZWESIS_STD      ', cmsRC='0', description='Ok', clientVersion='2')",
    ),
    ("ZWESVSTRT", "ZWESVSTRT"),
    // Other programs of the field.
    ("CWWKF0011I", "[AUDIT   ] CWWKF0011I: The defaultServer server is ready to run a smarter planet."),
    (
        "CWWKF0011I",
        "[10/24/24, 10:11:12:345 UTC] 0000002a com.ibm.ws.kernel.feature.internal.FeatureManager A CWWKF0011I: The server is ready",
    ),
    ("CSQX500I", "+CSQX500I MQ1 CHANNEL A.TO.B STARTED"),
    ("DSNL004I", " *DSNL004I DB2A DDF START COMPLETE"),
    ("READY001I", "READY001I"),
    ("READY001I", "  READY001I  "),
    ("READY001I", "[READY001I] up and running"),
    ("READY001I", "READY001I: up"),
    ("READY001I", "2026-11-21 01:02:03.456 READY001I"),
    ("READY001I", "INFO READY001I"),
    ("READY001I", "my-service: READY001I up and running"),
    ("READY001I", "INFO:root:READY001I up"),
    ("READY001I", "[main] INFO org.example.Main - READY001I up"),
    ("READY001I", "10:11:12.345 | INFO | main | READY001I up"),
    ("READY001I", "{\"@timestamp\":\"2024-10-24T10:11:12.345Z\",\"level\":\"INFO\",\"message\":\"READY001I up and running\"}"),
    ("READY001I", "{\"level\": \"info\", \"msg\": \"READY001I: up\", \"names\": [\"a\", \"b\"]}"),
    ("READY001I", "time=\"2024-10-24T10:11:12Z\" level=info msg=\"READY001I up\" port=8080"),
    ("READY001I", "level=info msg=READY001I"),
    ("READY001I", "INFO thread=main READY001I up"),
    ("READY001I", "READY001I SYS00001 is up"),
    ("READY001I", "2026-11-21 USR00123 READY001I user USR00123"),
    ("READY001I", "the list is READY001I,READY002I and then: INFO READY001I up"),
    // Not ids: found anywhere.
    (
        "Started GatewayServiceApplication",
        "2024-10-24 10:11:12.345 <ZWEAGW1:main:1> ZWESVUSR INFO  ((o.z.a.g.GatewayServiceApplication)) Started GatewayServiceApplication in 31.4 seconds (process running for 33.1)",
    ),
    ("http server listening at port", "[sample-node-api] http server listening at port 18000"),
    ("UP", "{\"status\":\"UP\"}"),
    ("ready", "state=ready"),
    ("PORT=8080", "PORT=8080"),
    ("no licence", "- no licence found"),
    ("up * running", "up and really running"),
];

/// A line that shows a setting, and the text in it.
const ECHOED: &[(&str, &str)] = &[
    // env, set, export -p, and what scripts trace.
    ("ZWED0031I", "ZWE_zowe_sysMessages=ZWEL0021I,ZWED0031I,ZWES1013I"),
    ("ZWED0031I", "ZWE_zowe_sysMessages=ZWED0031I"),
    ("ZWED0031I", "ZWE_zowe_sysMessages_3=ZWED0031I"),
    ("ZWED0031I", "ZWE_zowe_sysMessages=[\"ZWED0021I\",\"ZWED0031I\"]"),
    ("ZWED0031I", "ZWE_components_app_server_launcher_readiness=ZWED0031I Server is ready"),
    ("ZWED0031I", "export ZWE_zowe_sysMessages=\"ZWED0021I ZWED0031I\""),
    ("ZWED0031I", "declare -x ZWE_zowe_sysMessages=\"ZWED0031I - Server\""),
    ("ZWED0031I", "  readonly wanted='ZWED0031I is it'"),
    ("ZWED0031I", "+ export ZWE_zowe_sysMessages=ZWED0021I,ZWED0031I"),
    ("ZWED0031I", "+ echo 'ZWED0031I - Server is ready'"),
    ("ZWED0031I", "++ grep -c ZWED0031I /var/log/x"),
    ("ZWED0031I", "wanted=ZWED0031I until it comes"),
    ("ZWED0031I", "java -Dmessages=ZWED0021I,ZWED0031I -jar x.jar"),
    ("ZWED0031I", "--ready=ZWED0031I x"),
    ("ZWED0031I", "zowe.sysMessages[0]=ZWED0031I"),
    ("ZWED0031I", "zowe.sysMessages: ZWED0021I, ZWED0031I"),
    // YAML and JSON.
    ("ZWED0031I", "    - ZWED0031I"),
    ("ZWED0031I", "    - \"ZWED0031I\""),
    ("ZWED0031I", "  - 'ZWED0031I'  # app-server is ready"),
    ("ZWED0031I", "  - ZWED0031I  # app-server is ready"),
    ("ZWED0031I", "#   - \"ZWED0031I\""),
    ("ZWED0031I", "  sysMessages: [ZWED0021I, ZWED0031I]"),
    ("ZWED0021I", "  sysMessages: [ZWED0021I, ZWED0031I]"),
    ("ZWED0031I", "{\"zowe\":{\"sysMessages\":[\"ZWED0021I\",\"ZWED0031I\"],\"job\":{}}}"),
    ("ZWED0021I", "{\"zowe\":{\"sysMessages\":[\"ZWED0021I\",\"ZWED0031I\"],\"job\":{}}}"),
    ("ZWED0031I", "        \"ZWED0031I\","),
    ("ZWED0031I", "        \"ZWED0031I\""),
    ("ZWED0031I", "  'ZWED0021I', 'ZWED0031I',"),
    ("ZWED0031I", "    launcher: {readiness: ZWED0031I}"),
    ("ZWED0031I", "    readiness: \"ZWED0031I\""),
    ("ZWED0031I", "        message: ZWED0031I"),
    ("ZWED0031I", "        log: \"ZWED0031I\""),
    ("ZWED0031I", "{\"readiness\":{\"log\":{\"message\":\"ZWED0031I - Server is ready\"}}}"),
    ("ZWED0031I", "        fatalMessages: [ZWED0031I up]"),
    ("ZWED0031I", "{\"message\":\"ZWED0031I\"}"),
    ("ZWED0031I", "<message>ZWED0031I</message>"),
    // Lists and prose.
    ("ZWED0031I", "ZWED0021I ZWED0031I ZWES1013I"),
    ("ZWED0031I", "ZWED0031I,ZWES1013I"),
    ("ZWED0031I", "ZWED0021I;ZWED0031I"),
    ("ZWED0031I", "waiting for ZWED0031I"),
    ("ZWED0031I", "waiting for ZWED0031I to come"),
    ("ZWED0031I", "waiting for message 'ZWED0031I' to come"),
    ("ZWED0031I", "see ZWED0031I: the server is not ready before"),
    ("ZWED0031I", "xZWED0031I up"),
    ("ZWED0031I", "ZWED0031IX up"),
    ("ZWED0031I", "/var/log/ZWED0031I up"),
    ("ZWED0031I", "ZWED0031I-messages up"),
    ("ZWED0031I", "ZWED0031I=up"),
    // Not ids: certainly settings.
    ("Started GatewayServiceApplication", "ZWE_components_gateway_launcher_readiness=Started GatewayServiceApplication"),
    ("Started GatewayServiceApplication", "READINESS=Started GatewayServiceApplication"),
    ("Started GatewayServiceApplication", "export wanted='Started GatewayServiceApplication'"),
    ("Started GatewayServiceApplication", "      readiness: Started GatewayServiceApplication"),
    ("Started GatewayServiceApplication", "{\"readiness\":{\"log\":[\"Started GatewayServiceApplication\"]}}"),
    ("Started GatewayServiceApplication", "        - \"Started GatewayServiceApplication\""),
    ("Started GatewayServiceApplication", "        log: 'Started GatewayServiceApplication'"),
    ("up * running", "MESSAGE=up and running"),
    ("no licence", "  - no licence"),
    ("no licence", "  - no licence # ask for one"),
];

fn says(text: &str, line: &str) -> bool {
    AwaitedText::new(text).unwrap().is_said_in(line.as_bytes())
}

#[test]
fn real_lines_say_it() {
    for (text, line) in SAID {
        assert!(says(text, line), "{text} in {line}");
        assert!(says(text, &format!("{line}\r\n")), "{text} in {line}, with its end");
    }
}

#[test]
fn echoes_of_settings_do_not() {
    for (text, line) in ECHOED {
        assert!(!says(text, line), "{text} in {line}");
        assert!(!says(text, &format!("{line}\n")), "{text} in {line}, with its end");
    }
}

#[test]
fn what_is_a_message_id() {
    for id in ["ZWEAM000I", "ZWED0031I", "CWWKF0011I", "IEF404I", "BPXP018I", "DFHSI1517", "CSQX500I"] {
        assert!(is_message_id(id), "{id}");
    }
    for text in ["", "ZWE", "ZWEAM000", "zweam000I", "ZWEAM000II", "ZWEAM000I x", "ZW1I", "ZWE*I", "1234", "ÄÖÜ0001I", "UP", "PORT=8080"]
    {
        assert_eq!(is_message_id(text), text == "ZWEAM000", "{text}");
    }
}

/// The contract of zowe.sysMessages: a plain substring, in the whole line. Only what is certainly not a message is not sent.
#[test]
fn a_sys_message_is_found_wherever_it_is_not_surely_a_setting() {
    let found = |text: &str, line: &str| crate::output::pattern::Pattern::new(text).unwrap().find_said(line.as_bytes()).is_some();
    for (text, line) in SAID.iter().filter(|(_, line)| !line.contains('\x1b')) {
        assert!(found(text, line), "{text} in {line}");
    }
    for line in [
        "waiting for ZWED0031I to come",
        "xZWED0031Iy",
        "INFO ZWED0021I ZWED0031I",
        "{\"message\":\"ZWED0031I\"}",
        "state=ZWED0031I",
        "level=ZWED0031I",
        "- ZWED0031I",
        "2026-11-21 01:02:03.456 DEBUG wanted: ZWED0031I",
    ] {
        assert!(found("ZWED0031I", line), "{line}");
    }
    for line in ["ZWE_zowe_sysMessages=ZWED0031I", "MSGS=ZWED0031I", "+ export a=ZWED0031I", "sysMessages: [ZWED0031I]", "  \"ZWED0031I\","]
    {
        assert!(!found("ZWED0031I", line), "{line}");
    }
}

fn id() -> impl Strategy<Value = String> {
    "[A-Z]{4,6}[0-9]{4}[IWE]"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// Whatever the lists, in whatever notation.
    #[test]
    fn no_list_of_ids_says_one_of_them(ids in prop::collection::vec(id(), 1..6), form in 0..12usize, name in "[A-Z_][A-Z0-9_]{1,12}", which: prop::sample::Index) {
        let quoted = |separator: &str| ids.iter().map(|id| format!("\"{id}\"")).collect::<Vec<_>>().join(separator);
        let line = match form {
            0 => format!("{name}={}", ids.join(",")),
            1 => format!("{name}={}", ids.join(" ")),
            2 => format!("export {name}=\"{}\"", ids.join(", ")),
            3 => format!("[{}]", quoted(",")),
            4 => format!("  sysMessages: [{}]", ids.join(", ")),
            5 => format!("{{\"a\":{{\"list\":[{}]}}}}", quoted(", ")),
            6 => format!("  - {}", ids[0]),
            7 => format!("  - {}", quoted("\n  - ").split('\n').next().unwrap_or_default()),
            8 => format!("+ {name}={}", ids.join(",")),
            9 => format!("  {}", quoted(",\n  ").split('\n').next_back().unwrap_or_default()),
            10 => format!("ids: {}", ids.join(",")),
            _ => format!("-D{name}={} x", ids.join(",")),
        };
        let id = which.get(&ids);
        prop_assert!(!says(id, &line), "{} in {}", id, line);
    }

    /// Whatever id and text, in the formats of Zowe's components.
    #[test]
    fn every_message_says_its_id(id in id(), form in 0..6usize, user in "[A-Z][A-Z0-9]{0,7}", text in "[A-Za-z][a-z ,.:='\"\\[\\]0-9]{0,40}") {
        let stamp = "2026-11-21 01:02:03.456";
        let line = match form {
            0 => format!("{stamp} <ZWEAGW1:main:123> {user} INFO  ((o.z.a.Main)) {id} {text}"),
            1 => format!("{stamp} <ZWED:123> {user} INFO (_zsf.bootstrap,index.js:1) {id} - {text}"),
            2 => format!("{stamp} <ZWES:123> {user} INFO (zss,zss.c:1) {id} {text}"),
            3 => format!("{id} {text}"),
            4 => format!("{id}: {text}"),
            _ => format!("{stamp} {user} {id} {text}"),
        };
        prop_assert!(says(&id, &line), "{} in {}", id, line);
    }

    #[test]
    fn no_line_is_too_odd(line in prop::collection::vec(any::<u8>(), 0..200), inner in "[-+\\[\\]{}\"':=, #A-Z_a-z0-9]{0,30}") {
        let mut line = line;
        line.extend_from_slice(inner.as_bytes());
        line.extend_from_slice(b"ZWED0031I");
        line.extend(inner.bytes().rev());
        for text in ["ZWED0031I", "up", "Z*I", "="] {
            let _ = AwaitedText::new(text).map(|text| text.is_said_in(&line));
        }
    }
}

#[test]
fn a_line_made_of_the_text_takes_no_time() {
    let line = format!("readiness: {}", "ZWED0031I,".repeat(200_000));
    assert!(!says("ZWED0031I", &line));
    let line = "\"ZWED0031I\", ".repeat(200_000);
    assert!(!says("ZWED0031I", &line));
}
