use super::http::{PingTarget, answer, respond};
use super::message::status;
use super::*;
use proptest::prelude::*;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use tempfile::TempDir;

#[test]
fn the_http_service_answers_what_it_says() {
    for (request, expected, part) in [
        ("GET / HTTP/1.1", 200, "\"haInstance\":\"lpar1\""),
        ("GET /application/health HTTP/1.1", 200, "{\"status\":\"UP\"}"),
        ("GET /application/health?x=1 HTTP/1.1", 200, "UP"),
        ("GET /none HTTP/1.1", 404, "error"),
        ("POST / HTTP/1.1", 405, "Allow: GET, HEAD\r\n"),
        ("", 405, "error"),
    ] {
        let (found, text) = respond(request, "hello", "lpar1");
        assert_eq!(found, expected, "{request}");
        assert!(text.contains(part), "{request}: {text}");
        assert_eq!(status(text.as_bytes()), Some(expected));
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}", body.len())), "{text}");
    }
    assert!(respond("HEAD / HTTP/1.1", "hello", "").1.ends_with("\r\n\r\n"));
}

/// Answers one connection in a thread and returns what it logged.
fn serve_one(client: impl FnOnce(u16)) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::scope(|scope| {
        let server = scope.spawn(|| answer(listener.accept().unwrap().0, "hello", "lpar1"));
        client(port);
        server.join().unwrap()
    })
}

#[test]
fn a_pinger_calls_the_http_service() {
    let log = serve_one(|port| {
        let target = PingTarget::parse(&format!("http://127.0.0.1:{port}/application/health")).unwrap();
        assert_eq!(target.call(Duration::from_secs(5)).unwrap(), 200);
    });
    assert_eq!(log, "answered 'GET /application/health HTTP/1.1' with 200");
}

#[test]
fn a_client_that_asks_nothing_does_not_stop_the_service() {
    assert!(serve_one(|port| drop(TcpStream::connect(("127.0.0.1", port)).unwrap())).starts_with("dropped a connection"));
    let log = serve_one(|port| {
        let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
        // The service may close the connection in the middle of it.
        let _ = connection.write_all(&[b'x'; 64 * 1024]);
        let _ = connection.read(&mut [0; 16]);
    });
    assert!(log.starts_with("dropped a connection"), "{log}");
}

#[test]
fn a_request_cannot_write_lines_of_its_own_into_the_log() {
    let log = serve_one(|port| {
        let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
        connection.write_all(b"GET /\x1b[31m\rZWEL0009I HTTP/1.1\r\n\r\n").unwrap();
        connection.read_to_end(&mut Vec::new()).unwrap();
    });
    assert!(!log.chars().any(char::is_control), "{log:?}");
}

#[test]
fn a_port_that_is_taken_is_said_and_ends_the_service() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut output = Vec::new();
    let options = ServiceOptions { name: "hello".into(), port, ..ServiceOptions::default() };
    assert_eq!(run_http(&options, &mut Lines::new(&mut output)).unwrap(), FAILED);
    let text = String::from_utf8(output).unwrap();
    assert!(text.contains(&format!("DEMO0009E hello cannot listen on 127.0.0.1:{port} - ")), "{text}");
}

#[test]
fn urls_are_taken_apart() {
    let parts = |url: &str| PingTarget::parse(url).map(|target| format!("{target:?}"));
    for url in ["https://h/", "http://", "http://:1/", "http://h:x/", "http://h:70000/", "http://h/a b", "http://h/a\r\nX: y", "h:1"] {
        assert_eq!(parts(url), None, "{url}");
    }
    assert_eq!(parts("http://h:1/a/b?c").unwrap(), "PingTarget { peer: Peer { host: \"h\", port: 1 }, path: \"/a/b?c\" }");
    assert_eq!(parts("http://h").unwrap(), "PingTarget { peer: Peer { host: \"h\", port: 80 }, path: \"/\" }");
}

proptest! {
    #[test]
    fn any_request_and_any_answer_is_taken(text in any::<String>(), bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let (code, response) = respond(&text, "hello", &text);
        prop_assert_eq!(status(response.as_bytes()), Some(code));
        status(&bytes);
        PingTarget::parse(&text);
    }
}

#[test]
fn a_pinger_tells_a_change_from_what_goes_on() {
    let mut reachable = None;
    let ok = || Ok(200);
    let refused = || Err(io::Error::from(io::ErrorKind::ConnectionRefused));
    let ids: Vec<String> = [ok(), ok(), refused(), refused(), ok()]
        .iter()
        .map(|result| ping_line("pinger", "http://h", result, Duration::from_millis(3), &mut reachable)[..9].to_string())
        .collect();
    assert_eq!(ids, ["DEMO0014I", "DEMO0014I", "DEMO0012W", "DEMO0015I", "DEMO0013I"]);
}

#[test]
fn a_flaky_service_crashes_by_turns() {
    let directory = TempDir::new().unwrap();
    let state = directory.path().join("crashes");
    let turns: Vec<Crash> = (0..4).map(|_| next_crash(Some(&state))).collect();
    assert_eq!(turns, [Crash::ExitCode, Crash::Signal, Crash::ExitCode, Crash::Signal]);
    std::fs::write(&state, "nonsense").unwrap();
    assert_eq!(next_crash(Some(&state)), Crash::ExitCode);
}

#[test]
fn a_flaky_service_works_before_it_gives_up() {
    let directory = TempDir::new().unwrap();
    let options = ServiceOptions {
        name: "flaky".into(),
        after: Duration::ZERO,
        state: Some(directory.path().join("crashes")),
        ..ServiceOptions::default()
    };
    let mut output = Vec::new();
    assert_eq!(run_flaky(&options, &mut Lines::new(&mut output)).unwrap(), FLAKY_EXIT_CODE);
    let text = String::from_utf8(output).unwrap();
    let ids: Vec<&str> = text.lines().map(|line| line.split(' ').nth(2).unwrap()).collect();
    assert_eq!(ids, ["DEMO0021I", "DEMO0022I", "DEMO0022I", "DEMO0028E"]);
}

/// Fails like a pipe whose reader has gone.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn services_end_when_nobody_reads_them() {
    assert!(run_echo(&ServiceOptions::default(), &mut Lines::new(Gone)).is_err());
    assert!(run_pinger(&ServiceOptions::default(), &mut Lines::new(Gone)).is_err());
}
