//! What others do while an instance is replaced, told against a real HAProxy: a peer that ends, a balancer that forgets, an operator who
//! takes something away. Clients count what they did not get.

use crate::harness::{PATIENCE, Running, text, wait_until};
use crate::sysplex::{Sysplex, asked_before, asked_before_with, go_on, nothing_lost, under_load};
use nix::sys::signal::Signal;
use std::fs;
use std::time::Instant;

fn issue(sysplex: &Sysplex, command: &str) {
    let (answer, code) = sysplex.issue(command);
    assert_eq!(code, 0, "{answer}");
}

fn rolled_back(mut running: Running) {
    assert_eq!(go_on(&mut running), 8, "{}", running.all());
    assert!(running.all().contains("Rolled back: the old lpar2 serves again."), "{}", running.all());
}

/// The column of the server's status.
fn state_of(sysplex: &Sysplex, id: &str) -> String {
    let stat = sysplex.balancer("show stat");
    let line = stat.lines().find(|line| line.starts_with(&format!("gateways,{id},"))).unwrap_or_else(|| panic!("{stat}"));
    line.split(',').nth(17).unwrap().to_owned()
}

/// The old instance is ready all the time, and is what serves from then on.
#[test]
fn a_peer_that_ends_while_b_is_out_brings_traffic_back() {
    let Some((sysplex, load)) = under_load() else { return };
    let running = asked_before(&sysplex, "stop the old instance");
    issue(&sysplex, "C ZWE1SV");
    running.wait_for("ATTENTION: nobody but the old instance serves");
    running.wait_for("set server gateways/lpar2 state ready");
    load.wait_until_good(load.good() + 50);
    rolled_back(running);
    assert!(!sysplex.sysprints().contains("ZWE2SV2 "), "the new one was started");
    load.wait_until_good(load.good() + 50);
    load.end();
    sysplex.end();
}

/// Nobody else serves when the new instance is ready, so that it gets the traffic before it is verified.
#[test]
fn a_peer_that_ends_while_the_new_instance_starts_has_it_take_over() {
    let Some((sysplex, load)) = under_load() else { return };
    let mut running = asked_before_with(&sysplex, "wait until the new instance is ready", &["--timeout", "3s"]);
    issue(&sysplex, "C ZWE1SV");
    running.wait_for("ATTENTION: nobody but the new instance serves");
    load.wait_until_good(load.good() + 50);
    go_on(&mut running);
    load.wait_until_good(load.good() + 50);
    load.end();
    let serves = wait_until(Instant::now() + PATIENCE, || state_of(&sysplex, "lpar2").starts_with("UP").then_some(()));
    assert!(serves.is_some(), "{}\n{}", sysplex.balancer("show stat"), running.all());
    sysplex.end();
}

#[test]
fn a_balancer_that_is_reloaded_is_asked_to_drain_anew_before_p() {
    let Some((sysplex, load)) = under_load() else { return };
    let mut running = asked_before(&sysplex, "stop the old instance");
    assert!(state_of(&sysplex, "lpar2").starts_with("DRAIN"), "{}", sysplex.balancer("show stat"));
    sysplex.haproxy.as_ref().unwrap().signal(Signal::SIGUSR2);
    running.wait_for("quiescing anew");
    let drained = wait_until(Instant::now() + PATIENCE, || state_of(&sysplex, "lpar2").starts_with("DRAIN").then_some(()));
    assert!(drained.is_some(), "{}", sysplex.balancer("show stat"));
    assert_eq!(go_on(&mut running), 0, "{}", running.all());
    nothing_lost(&sysplex, load);
    sysplex.wait_both_balanced();
    sysplex.end();
}

#[test]
fn a_new_instance_that_has_ended_is_not_given_traffic() {
    let Some((sysplex, load)) = under_load() else { return };
    let mut running = asked_before(&sysplex, "resume");
    issue(&sysplex, "RO LPR2,C ZWE2SV2");
    let code = go_on(&mut running);
    let said = running.all();
    assert!(code != 0 && said.contains("ended by itself"), "{code}: {said}");
    let resumed = said.find("set server gateways/lpar2 state ready");
    // Not before the old one is back.
    assert!(resumed.is_none_or(|at| said[..at].contains("RO LPR2,S ZWESLSTC")), "{said}");
    nothing_lost(&sysplex, load);
    sysplex.end();
}

/// A service that the peer lacks would be nowhere while B is out.
#[test]
fn a_peer_that_lacks_a_service_is_found_before_anything_moves() {
    let Some(sysplex) = Sysplex::up() else { return };
    sysplex.install("new2");
    issue(&sysplex, "F ZWE1SV,APPL=STOP(hello)");
    let refused = wait_until(Instant::now() + PATIENCE, || {
        let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &["--plan"]).output().unwrap();
        text(&output).contains("hello").then(|| text(&output))
    });
    assert!(refused.is_some());
    let output = sysplex.upgrade("zowe.yaml", "zowe-new2.yaml", "zowe.yaml", "lpar2", &[]).output().unwrap();
    let said = text(&output);
    assert!(output.status.code() == Some(8) && said.contains("nothing was changed") && said.contains("hello"), "{said}");
    assert!(state_of(&sysplex, "lpar2").starts_with("UP"), "{said}");
    sysplex.end();
}

/// VARY's own state is read: the peer that an operator has quiesced is none, whatever its launcher and gateway say.
#[test]
fn a_peer_that_is_quiesced_by_vary_is_no_peer() {
    let Some(sysplex) = Sysplex::up() else { return };
    sysplex.install("new2");
    let yaml: serde_json::Value = serde_yaml::from_str(&fs::read_to_string(sysplex.path("zowe.yaml")).unwrap()).unwrap();
    let port = |id: &str| {
        yaml["haInstances"][id]["components"]["gateway"]["port"].as_u64().or(yaml["components"]["gateway"]["port"].as_u64()).unwrap()
    };
    let socket = sysplex.path("haproxy.sock").display().to_string();
    for (file, id) in [("TCPIP", "lpar1"), ("LPR2/TCPIP", "lpar2")] {
        fs::write(sysplex.path(file), format!("BALANCER haproxy {socket} gateways\nPORT {} SERVER {id}\n", port(id))).unwrap();
    }
    issue(&sysplex, &format!("V TCPIP,,SYSPLEX,QUIESCE,PORT={}", port("lpar1")));
    let arguments = ["ha", "upgrade", "--old", "zowe.yaml", "--new", "zowe-new2.yaml", "--peer", "zowe.yaml", "-i", "lpar2"];
    let output = sysplex.command(&arguments).output().unwrap();
    let said = text(&output);
    assert!(output.status.code() == Some(8) && said.contains("nothing was changed") && said.contains("lpar1"), "{said}");
    assert!(said.to_lowercase().contains("quiesce"), "{said}");
    assert!(state_of(&sysplex, "lpar2").starts_with("UP"), "{said}");
    sysplex.end();
}
