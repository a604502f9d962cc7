use super::*;
use proptest::prelude::*;
use std::os::unix::net::UnixListener;

const SERVERS: &str = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_port\n\
    3 gateway 1 lpar1 127.0.0.1 2 0 1 1 18001\n3 gateway 2 lpar2 127.0.0.1 2 8 1 1 18002\n3 gateway 3 lpar3 - 0 32 1 1 0\n\
    3 gateway 4 lpar4 10.0.0.4 2 0 0 1 7554\n\n";

#[test]
fn servers_are_read_with_what_keeps_connections_away() {
    let servers = parse_servers(SERVERS).unwrap();
    let shown: Vec<String> = servers.iter().map(|server| format!("{} {server}", server.name)).collect();
    assert_eq!(shown, ["lpar1 ready, UP", "lpar2 drain, UP", "lpar3 maintenance, DOWN", "lpar4 drain (weight 0), UP"]);
    let takes: Vec<bool> = servers.iter().map(ServerState::takes_new_connections).collect();
    assert_eq!(takes, [true, false, false, false]);
    assert!(Wanted::Drain.is_reached(&servers[1]) && !Wanted::Ready.is_reached(&servers[1]));
    assert!(Wanted::Ready.is_reached(&servers[0]) && !Wanted::Drain.is_reached(&servers[0]));
    assert_eq!((servers[0].address.as_str(), servers[0].port), ("127.0.0.1", 18001));
    assert_eq!(parse_servers("Can't find backend.\n\n"), None);
    assert_eq!(parse_servers("# srv_name srv_addr srv_op_state srv_admin_state srv_uweight\na b x 0 0\n"), None);
}

/// What real HAProxy 2.6 shows of a server that its configuration disables: as it starts, after `state ready`, and drained after that.
#[test]
fn a_server_that_was_disabled_in_the_configuration_and_made_ready_takes_connections() {
    for (administrative, shown) in [(5, "maintenance, UP"), (4, "ready, UP"), (12, "drain, UP"), (64, "ready, UP"), (68, "ready, UP")] {
        let text = format!("1\n# srv_name srv_addr srv_op_state srv_admin_state srv_uweight\nlpar1 127.0.0.1 2 {administrative} 1\n");
        let server = parse_servers(&text).unwrap().remove(0);
        assert_eq!((server.to_string().as_str(), server.takes_new_connections()), (shown, shown.starts_with("ready")), "{administrative}");
    }
}

#[test]
fn sessions_are_counted_by_the_names_of_columns() {
    let answer = "# pxname,svname,qcur,scur,\nf,FRONTEND,,3,\ngateway,\"lpar1\",0,12,\ngateway,BACKEND,0,,\n\n";
    let expected = [("f", "FRONTEND", 3), ("gateway", "lpar1", 12), ("gateway", "BACKEND", 0)];
    assert_eq!(parse_session_counts(answer).unwrap(), expected.map(|(proxy, server, count)| (proxy.to_owned(), server.to_owned(), count)));
    assert_eq!(parse_session_counts("Unknown command\n"), None);
    let sessions = "0x1: proto=tcpv4 src=10.1.1.1:57218 fe=f be=gateway srv=lpar1 ts=00\n0x2: proto=unix_stream src=unix:1 fe=GLOBAL be=<NONE> srv=<none>\n\
        0x3: proto=tcpv6 src=::1:1 fe=f be=gateway srv=lpar2 ts=00\n";
    assert_eq!(parse_sessions(sessions, "gateway", "lpar1"), ["10.1.1.1:57218"]);
}

#[test]
fn an_address_is_a_path_or_a_host_and_port() {
    assert_eq!(Address::parse("localhost:9999"), Address::Tcp("localhost:9999".into()));
    for path in ["/run/haproxy/admin.sock", "./a:99", "admin.sock", "a:b", ":99"] {
        assert_eq!(Address::parse(path), Address::Unix(path.into()), "{path}");
    }
}

/// Answers one connection with `answer`, or closes none of them where it is None.
fn answering(answer: Option<&'static str>) -> (tempfile::TempDir, Client) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept() {
            if let Some(answer) = answer {
                let _ = stream.read(&mut [0; 512]).and_then(|_| stream.write_all(answer.as_bytes()));
            } else {
                kept.push(stream);
            }
        }
    });
    (directory, Client::new(Address::Unix(path)))
}

#[test]
fn what_does_not_answer_as_haproxy_does_is_an_error_that_says_so() {
    let absent = Client::new(Address::Unix("/nonexistent/socket".into()));
    assert!(matches!(absent.servers("a").unwrap_err(), HaproxyError::NoSocket { .. }));
    let (directory, _) = answering(Some(""));
    let closed = directory.path().join("closed");
    drop(UnixListener::bind(&closed).unwrap());
    assert!(matches!(Client::new(Address::Unix(closed)).servers("a").unwrap_err(), HaproxyError::NotListening { .. }));
    let (_directory, http) = answering(Some("HTTP/1.0 400 Bad request\r\n\r\n"));
    let error = http.servers("a").unwrap_err().to_string();
    assert!(error.contains("not HAProxy's runtime API: 'show servers state a' gave 'HTTP/1.0 400 Bad request'"), "{error}");
    assert!(matches!(http.check_level().unwrap_err(), HaproxyError::NotHaproxy { .. }));
    let (_directory, silent) = answering(Some(""));
    assert!(matches!(silent.set_state("a", "b", Wanted::Drain).unwrap_err(), HaproxyError::NotHaproxy { .. }));
    let (_directory, user) = answering(Some("Permission denied\n"));
    assert!(user.set_state("a", "b", Wanted::Drain).unwrap_err().to_string().contains("set `level admin`"));
    for name in ["", "a b", "a;b", "a/b", "a\nb"] {
        assert!(matches!(absent.set_state(name, "b", Wanted::Drain).unwrap_err(), HaproxyError::Name { .. }), "{name:?}");
        assert!(matches!(absent.set_state("b", name, Wanted::Drain).unwrap_err(), HaproxyError::Name { .. }), "{name:?}");
    }
}

#[test]
fn a_server_that_says_nothing_is_waited_for_a_bounded_time() {
    let (_directory, stuck) = answering(None);
    assert!(matches!(stuck.servers("a").unwrap_err(), HaproxyError::TimedOut { .. }));
}

#[test]
fn an_answer_beyond_its_bound_is_refused_with_the_bound() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // Until the client has gone.
        (0_u64..).find(|_| stream.write_all(&[b'x'; 64 * 1024]).is_err()).unwrap()
    });
    let error = Client::new(Address::Unix(path)).servers("a").unwrap_err().to_string();
    assert!(error.contains("more than 16777216 bytes"), "{error}");
    assert!(server.join().unwrap() >= 256);
}

proptest! {
    #[test]
    fn any_answer_is_read_or_is_none(answer in "(# )?([a-z_,\"]|pxname|svname|scur|srv_[a-z_]{1,12}|[0-9]| |\n|é){0,200}") {
        let _ = (parse_servers(&answer), parse_session_counts(&answer), parse_sessions(&answer, "a", "b"));
    }

    #[test]
    fn any_number_of_servers_is_read_wherever_the_columns_stand(
        states in prop::collection::vec((0_u32..4, 0_u32..128, 0_u32..256), 0..20),
        order in Just(["srv_name", "srv_addr", "srv_op_state", "srv_admin_state", "srv_uweight", "more"].to_vec()).prop_shuffle(),
    ) {
        let mut text = format!("1\n# {}\n", order.join(" "));
        for (index, (operational, administrative, weight)) in states.iter().enumerate() {
            let value = |column: &&str| match *column {
                "srv_name" => format!("s{index}"),
                "srv_op_state" => operational.to_string(),
                "srv_admin_state" => administrative.to_string(),
                "srv_uweight" => weight.to_string(),
                _ => "-".to_owned(),
            };
            text += &(order.iter().map(value).collect::<Vec<_>>().join(" ") + "\n");
        }
        let servers = parse_servers(&text).unwrap();
        prop_assert_eq!(servers.len(), states.len());
        for (server, (operational, administrative, weight)) in servers.iter().zip(&states) {
            prop_assert_eq!(server.is_up(), *operational == 2);
            // SRV_ADMF_MAINT and SRV_ADMF_DRAIN of HAProxy's sources.
            prop_assert_eq!(server.takes_new_connections(), administrative & (0x23 | 0x18) == 0 && *weight > 0);
            prop_assert_eq!(server.is_forced_away(), administrative & 9 != 0);
        }
    }

    #[test]
    fn any_field_of_csv_arrives(values in prop::collection::vec("[ -~]{0,12}", 1..8)) {
        let line: Vec<String> = values.iter().map(|value| format!("\"{}\"", value.replace('"', "\"\""))).collect();
        let text = format!("# pxname,svname,scur\n{},x,1\n", line[0]);
        prop_assert_eq!(&parse_session_counts(&text).unwrap()[0].0, &values[0]);
    }
}
