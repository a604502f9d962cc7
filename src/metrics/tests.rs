use super::*;
use proptest::prelude::*;

fn component(name: &str, state: &str) -> Component {
    let ready = state == "ready";
    Component { name: name.into(), state: state.into(), wanted: state != "stopped", up: ready, ready, ..Component::default() }
}

fn instance(state: &str, components: &[(&str, &str)]) -> Instance {
    let components = components.iter().map(|(name, state)| component(name, state)).collect();
    Instance { ha_instance: "lpar1".into(), version: "1.2.3".into(), state: state.into(), components, ..Instance::default() }
}

#[test]
fn an_instance_serves_when_all_that_is_wanted_is_ready() {
    for (state, components, up) in [
        ("preparing", &[][..], false),
        ("starting", &[("a", "ready"), ("b", "running")], false),
        // Its phase follows a moment later, what counts are the components.
        ("starting", &[("a", "ready"), ("b", "ready")], true),
        ("ready", &[("a", "ready"), ("b", "stopped")], true),
        ("ready", &[("b", "stopped")], false),
        ("degraded", &[("a", "ready"), ("b", "back-off")], false),
        ("stopping", &[("a", "ready")], false),
    ] {
        assert_eq!(instance(state, components).health().is_up(), up, "{state} {components:?}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let health = instance("degraded", &[("a", "ready"), ("b", "back-off"), ("c", "stopped")]).health();
    assert_eq!(health.readyz(false), "[-]b failed: back-off\nreadyz check failed\n");
    let all = "[+]instance ok\n[+]a ok\n[-]b failed: back-off\n[+]c not wanted: stopped\nreadyz check failed\n";
    assert_eq!(health.readyz(true), all);
    let json = health.json();
    assert_eq!(json["status"], "DOWN");
    assert_eq!(json["components"]["a"]["status"], "UP");
    assert_eq!(json["components"]["b"]["status"], "DOWN");
    assert_eq!(json["components"]["b"]["details"]["state"], "back-off");
    assert_eq!(json["components"]["c"]["status"], "OUT_OF_SERVICE");
    let health = instance("ready", &[("a", "ready")]).health();
    assert_eq!((health.readyz(false).as_str(), &health.json()["status"]), ("ok", &serde_json::json!("UP")));
    assert_eq!(instance(PREPARING, &[]).health().json()["details"]["reason"], "the prepare step goes on");
}

#[test]
fn the_form_is_the_one_that_the_client_takes() {
    let prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    assert_eq!(Form::accepted(prometheus), Form::OpenMetrics);
    for other in ["", "*/*", "text/plain", "application/openmetrics-text;q=0", "text/html, application/json"] {
        assert_eq!(Form::accepted(other), Form::Text, "{other}");
    }
}

#[test]
fn counters_and_infos_are_named_as_each_form_wants_it() {
    let mut one = instance("ready", &[("a", "ready")]);
    one.components[0].lines = 7;
    let open = exposition(std::slice::from_ref(&one), Form::OpenMetrics);
    assert!(open.contains("# TYPE zwelnch_component_output_lines counter\n") && open.contains("# TYPE zwelnch_build info\n"), "{open}");
    assert!(open.contains("# UNIT zwelnch_component_output_bytes bytes\n") && open.ends_with("\n# EOF\n"), "{open}");
    let text = exposition(&[one], Form::Text);
    assert!(text.contains("# TYPE zwelnch_component_output_lines_total counter\n") && !text.contains("# EOF"), "{text}");
    for shown in [&open, &text] {
        assert!(shown.contains("zwelnch_component_output_lines_total{ha_instance=\"lpar1\",component=\"a\"} 7\n"), "{shown}");
        assert!(shown.contains("zwelnch_build_info{ha_instance=\"lpar1\",version=\"1.2.3\"} 1\n"), "{shown}");
    }
}

proptest! {
    /// Whatever a component is called, its label is one, and gives the name again.
    #[test]
    fn labels_are_escaped(name in "\\PC*|[\"\\\\\n]*") {
        let text = exposition(&[instance("ready", &[(&name, "ready")])], Form::OpenMetrics);
        let label = text.lines().find_map(|line| line.strip_prefix("zwelnch_component_up{ha_instance=\"lpar1\",component=\""));
        let escaped = label.and_then(|label| label.strip_suffix("\"} 1")).unwrap();
        let (mut read, mut characters) = (String::new(), escaped.chars());
        while let Some(character) = characters.next() {
            prop_assert_ne!(character, '"');
            read.push(match character {
                '\\' => match characters.next() { Some('n') => '\n', other => other.unwrap() },
                character => character,
            });
        }
        prop_assert_eq!(read, name);
    }

    #[test]
    fn what_is_sent_is_received(names in prop::collection::vec("\\PC*", 0..5), lines in any::<u64>()) {
        let mut sent = instance("ready", &[]);
        sent.commands.insert("DISP".into(), lines);
        sent.phases.push(("load".into(), 0.25));
        sent.components = names.iter().map(|name| Component { lines, exit_code: Some(-1), ..component(name, "ready") }).collect();
        let lines = sent.lines();
        prop_assert_eq!(Instance::read(lines.iter().map(String::as_str)).unwrap(), sent);
    }
}
