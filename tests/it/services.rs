//! An instance of components as their developers would write them: services in JavaScript, Python, Java and shell. They start, come back
//! after they were killed, and leave nothing behind.

use crate::harness::{Instance, PATIENCE, free_port, none_left, program_or_skip, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const NODE: &str = r#"
const http = require('http');
const server = http.createServer((request, response) => response.end(`node ${process.pid} ${process.env.GREETING}\n`));
server.listen(Number(process.env.ZWE_configs_port), '127.0.0.1', () => console.log('node is listening'));
"#;

const PYTHON: &str = r#"
import http.server, os, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"python {os.getpid()} {os.environ['GREETING']}\n".encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

server = http.server.HTTPServer(('127.0.0.1', int(os.environ['ZWE_configs_port'])), Handler)
print('python is listening', flush=True)
server.serve_forever()
"#;

const JAVA: &str = r#"
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;

public class Service {
    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(System.getenv("ZWE_configs_port"));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext("/", exchange -> {
            byte[] body = ("java " + ProcessHandle.current().pid() + " " + System.getenv("GREETING") + "\n").getBytes();
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        System.out.println("java is listening");
    }
}
"#;

const CONFIGURE: &str = "export GREETING=\"hello from $ZWE_haInstance_id\"\n";
const VALIDATE: &str = "case $ZWE_configs_port in ''|*[!0-9]*) echo 'a port is needed' >&2; exit 1;; esac\n";

/// The answer's last line to `GET /`; None while nobody answers.
fn answer(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    stream.write_all(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    text.trim_end().lines().last().map(str::to_owned).filter(|line| !line.is_empty())
}

/// The name that the service gives itself and the id of the process that answers.
fn wait_for_answer(port: u16, unlike: Option<i32>) -> (String, i32) {
    let fresh = || {
        let line = answer(port)?;
        let mut words = line.splitn(3, ' ');
        let (name, pid, greeting) = (words.next()?.to_owned(), words.next()?.parse().ok()?, words.next()?);
        assert_eq!(greeting, "hello from lpar1");
        (Some(pid) != unlike).then_some((name, pid))
    };
    wait_until(Instant::now() + PATIENCE, fresh).unwrap_or_else(|| panic!("nobody answers at port {port}"))
}

/// A service over TCP is up, is back after kill -9 with the same environment, and is gone after P.
fn is_served(name: &str, start: &str, file: &str, text: &str) {
    let port = free_port();
    let instance = Instance::new().component(name, start, &format!("port: {port}\nlauncher: {{restartIntervals: [0, 0, 0]}}"));
    instance.script(name, "validate", VALIDATE);
    instance.script(name, "configure", CONFIGURE);
    fs::write(instance.component_directory(name).join(file), text).unwrap();
    let mut running = instance.up();
    let (who, first) = wait_for_answer(port, None);
    assert_eq!(who, name);
    assert_eq!(instance.pid(name), Some(first), "the process that DISP shows is the one that serves");
    kill(Pid::from_raw(first), Signal::SIGKILL).unwrap();
    running.wait_for_count(&format!("ZWEL0001I component {name} started"), 2);
    let (_, second) = wait_for_answer(port, Some(first));
    running.wait_for_count(&format!("{name} is listening"), 2);
    assert_eq!(instance.console("P ZWESLSTC").1, 0);
    assert_eq!(running.wait_end(), 0, "{}", running.all());
    assert!(none_left(instance.directory.path()), "process {second} or another is left over");
    assert_eq!(answer(port), None);
}

#[test]
fn a_node_service() {
    if program_or_skip("node").is_some() {
        is_served("node", "exec node server.js\n", "server.js", NODE);
    }
}

#[test]
fn a_python_service() {
    if program_or_skip("python3").is_some() {
        is_served("python", "exec python3 server.py\n", "server.py", PYTHON);
    }
}

#[test]
fn a_java_service() {
    if program_or_skip("java").is_some() {
        is_served("java", "exec java -Xshare:auto -XX:TieredStopAtLevel=1 Service.java\n", "Service.java", JAVA);
    }
}

/// Like many shell components: a loop that processes its input, with children.
#[test]
fn a_shell_service() {
    let start =
        ". ./functions.sh\nannounce \"$GREETING\"\nwhile read -r line <> inbox; do announce \"$(echo \"$line\" | tr a-z A-Z)\"; done\n";
    let instance = Instance::new().component("shell", start, "port: 1\nlauncher: {restartIntervals: [0, 0]}");
    instance.script("shell", "validate", VALIDATE);
    instance.script("shell", "configure", &format!("{CONFIGURE}rm -f inbox; mkfifo -m 600 inbox\n"));
    fs::write(instance.component_directory("shell").join("functions.sh"), "announce() { printf '%s: %s\\n' \"$$\" \"$1\"; }\n").unwrap();
    let mut running = instance.up();
    let inbox = instance.component_directory("shell").join("inbox");
    let mut last = None;
    for round in 1..=2 {
        running.wait_for_count(": hello from lpar1", round);
        let pid = instance.pid("shell").unwrap();
        assert_ne!(last.replace(pid), Some(pid));
        fs::OpenOptions::new().write(true).open(&inbox).unwrap().write_all(format!("order {round}\n").as_bytes()).unwrap();
        running.wait_for(&format!("{pid}: ORDER {round}"));
        if round == 1 {
            kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
        }
    }
    assert_eq!(instance.console("P ZWESLSTC").1, 0);
    assert_eq!(running.wait_end(), 0, "{}", running.all());
    assert!(none_left(instance.directory.path()));
}
