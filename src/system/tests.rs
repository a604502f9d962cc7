use super::*;
use jiff::Timestamp;
use proptest::prelude::*;
use std::os::unix::net::UnixStream;
use std::time::Duration;

fn system() -> (tempfile::TempDir, SystemDirectory) {
    let place = tempfile::tempdir().unwrap();
    let system = SystemDirectory::open(Some(&place.path().join("sys"))).unwrap();
    (place, system)
}

fn description(job_id: String) -> JobDescription {
    JobDescription { job_name: "ZWESLSTC".into(), identifier: "ZWESLSTC".into(), job_id, kind: JobKind::StartedTask, pid: 1 }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

#[test]
fn a_system_is_made_for_its_owner_alone() {
    let (_place, system) = system();
    for path in [system.path().to_path_buf(), system.proclib(), system.path().join("spool"), system.jobs_directory()] {
        assert_eq!(mode(&path), 0o700, "{}", path.display());
    }
    system.append_syslog("ZWESLSTC", "STC00001", "hello").unwrap();
    assert_eq!(mode(&system.syslog()), 0o600);
    fs::set_permissions(system.proclib(), fs::Permissions::from_mode(0o755)).unwrap();
    SystemDirectory::open(Some(system.path())).unwrap();
    assert_eq!(mode(&system.proclib()), 0o700);
    fs::set_permissions(system.path(), fs::Permissions::from_mode(0o770)).unwrap();
    let refusal = SystemDirectory::open(Some(system.path())).unwrap_err();
    assert!(refusal.to_string().contains("mode 770"), "{refusal}");
}

#[test]
fn the_default_place_follows_the_environment() {
    let place = |variables: &[(&str, &str)]| {
        default_place(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| PathBuf::from(value)))
    };
    assert_eq!(place(&[("ZWELNCH_SYSTEM", "/s"), ("HOME", "/h")]).unwrap(), Path::new("/s"));
    assert_eq!(place(&[("ZWELNCH_SYSTEM", ""), ("XDG_STATE_HOME", "/x")]).unwrap(), Path::new("/x/zwelnch").join(host_sysname()));
    assert_eq!(place(&[("XDG_STATE_HOME", "x"), ("HOME", "/h")]).unwrap().parent(), Some(Path::new("/h/.local/state/zwelnch")));
    assert!(matches!(place(&[]), Err(SystemError::NoPlace)));
}

#[test]
fn the_file_sysname_names_the_system() {
    let (_place, system) = system();
    fs::write(system.path().join("SYSNAME"), "lpar1\n").unwrap();
    assert_eq!(SystemDirectory::open(Some(system.path())).unwrap().sysname(), "LPAR1");
    fs::write(system.path().join("SYSNAME"), "not a name\n").unwrap();
    let refusal = SystemDirectory::open(Some(system.path())).unwrap_err();
    assert!(refusal.to_string().contains("NOT A NAME"), "{refusal}");
}

#[test]
fn job_ids_are_never_given_twice() {
    let (_place, system) = system();
    let ids: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| (0..5).map(|_| system.next_job_id().unwrap()).collect::<Vec<_>>())).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let distinct: std::collections::BTreeSet<&String> = ids.iter().collect();
    assert_eq!(distinct.len(), 20);
    assert_eq!(distinct.first().unwrap().as_str(), "STC00001");
    fs::write(system.jobs_directory().join(".last-job-id"), "99999\n").unwrap();
    fs::create_dir(system.spool_directory("A", "STC00001")).unwrap();
    assert_eq!(system.next_job_id().unwrap(), "STC00002", "the number in the spool is passed over");
    assert_eq!(following_number(5, |_| true), None);
}

#[test]
fn a_job_is_there_from_register_to_end_and_a_dead_one_is_buried() {
    let (_place, system) = system();
    let entry = system.register_job(description(system.next_job_id().unwrap())).unwrap();
    assert_eq!(mode(entry.record().directory()), 0o700);
    assert_eq!(mode(&entry.record().directory().join("control")), 0o600);
    assert_eq!(mode(&entry.record().directory().join("job.json")), 0o600);
    assert_eq!(system.jobs(), [entry.record().clone()]);
    entry.end().unwrap();
    assert!(system.jobs().is_empty());
    assert!(!system.syslog().exists(), "an end in order is announced by whoever ends it");

    drop(system.register_job(description(system.next_job_id().unwrap())).unwrap());
    assert!(system.jobs().is_empty());
    let log = fs::read_to_string(system.syslog()).unwrap();
    assert!(log.contains("$HASP395 ZWESLSTC ENDED - UNKNOWN"), "{log}");
    assert_eq!(fs::read_dir(system.jobs_directory()).unwrap().count(), 1, "only the last id is left");
}

#[test]
fn a_name_that_leads_out_of_the_directory_is_refused() {
    let (_place, system) = system();
    for id in ["../X", "", "stc1", "STC000001"] {
        assert!(system.register_job(description(id.into())).is_err(), "{id}");
    }
}

#[test]
#[cfg(zwelnch_linux)]
fn a_system_directory_with_a_long_path_works() {
    let place = tempfile::tempdir().unwrap();
    let system = SystemDirectory::open(Some(&place.path().join("d".repeat(150)))).unwrap();
    let entry = system.register_job(description("STC00001".into())).unwrap();
    assert_eq!(system.jobs().len(), 1);
    entry.end().unwrap();
}

#[test]
fn a_command_and_its_answer_travel() {
    let (_place, system) = system();
    let entry = system.register_job(description("STC00001".into())).unwrap();
    let record = entry.record().clone();
    let server = std::thread::spawn(move || {
        let mut seen = Vec::new();
        for answer in ["ACCEPTED\nline 1\nline 2\n", "REJECTED BUSY\n", ""] {
            let (mut stream, _) = entry.listener().accept().unwrap();
            assert!(system.maker().allows(&stream).unwrap());
            seen.push(read_request(&stream, Duration::from_secs(10)).unwrap().unwrap());
            stream.write_all(answer.as_bytes()).unwrap();
        }
        (seen, entry)
    });
    let modify = Request::Modify("START(gateway)".into());
    let reply = send(record.directory(), &modify, Duration::from_secs(10)).unwrap();
    assert_eq!(reply, Reply { taken: true, accepted: true, lines: vec!["line 1".into(), "line 2".into()], ..Reply::default() });
    let reply = send(record.directory(), &Request::Stop, Duration::from_secs(10)).unwrap();
    assert_eq!((reply.accepted, reply.why.as_str()), (false, "BUSY"));
    assert_eq!(send(record.directory(), &Request::Stop, Duration::from_secs(10)).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    let (seen, entry) = server.join().unwrap();
    assert_eq!(seen, [modify, Request::Stop, Request::Stop]);
    assert_eq!(send(record.directory(), &Request::Stop, Duration::from_millis(50)).unwrap_err().kind(), io::ErrorKind::TimedOut);
    entry.end().unwrap();
    assert_eq!(send(record.directory(), &Request::Stop, Duration::from_secs(10)).unwrap_err().kind(), io::ErrorKind::NotFound);
}

/// The replies of a server that writes these answers, one per connection.
fn replies(answers: &[&str]) -> Vec<Reply> {
    let (_place, system) = system();
    let entry = system.register_job(description("STC00001".into())).unwrap();
    let record = entry.record().clone();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for answer in answers {
                let (mut stream, _) = entry.listener().accept().unwrap();
                assert_eq!(read_any_request(&stream, Duration::from_secs(10)).unwrap(), Some((Request::Await, true)));
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        answers.iter().map(|_| send(record.directory(), &Request::Await, Duration::from_secs(10)).unwrap()).collect()
    })
}

#[test]
fn a_coded_answer_tells_what_came_of_the_command_and_that_it_is_complete() {
    let line = |text: &str| encode_line(text, true);
    let head = format!("{ACCEPTED_CODED}{}{AT_WORK}{}", line("=0"), line(""));
    let given = |end: &str| format!("{head}{end}");
    let answers = [given(encode_end(true)), given(encode_end(false)), given(""), given("-half a li"), given("?\n")];
    let replies = replies(&answers.each_ref().map(String::as_str));
    let came: Vec<(bool, bool)> = replies.iter().map(|reply| (reply.accepted, reply.broken.is_some())).collect();
    assert_eq!(came, [(true, false), (false, false), (false, true), (false, true), (false, true)]);
    assert!(replies.iter().all(|reply| reply.taken && reply.lines[..2] == ["=0", ""]), "{replies:?}");
    assert_eq!(replies[2].broken.as_deref(), Some("the job closed the connection"));
}

#[test]
fn an_answer_has_no_end_in_time_only_when_the_job_says_nothing() {
    let (_place, system) = system();
    let entry = system.register_job(description("STC00001".into())).unwrap();
    let record = entry.record().clone();
    let patience = Patience { first: Duration::from_secs(10), whole: Some(Duration::from_millis(50)) };
    std::thread::scope(|scope| {
        let server = scope.spawn(|| {
            let (mut stream, _) = entry.listener().accept().unwrap();
            stream.write_all(ACCEPTED_CODED.as_bytes()).unwrap();
            stream
        });
        let reply = send_patiently(record.directory(), &Request::Stop, patience).unwrap();
        assert!(reply.taken && !reply.accepted && reply.broken.is_some(), "{reply:?}");
        drop(server.join().unwrap());
    });
}

/// Until the other end has gone.
fn trickle(mut stream: UnixStream, pause: Duration) {
    while stream.write_all(b"M").is_ok() {
        std::thread::sleep(pause);
    }
}

/// Bytes that come one by one have the time limit of a whole line, not one each: at either end.
#[test]
fn a_line_that_trickles_has_an_end_in_time() {
    let (_place, system) = system();
    let entry = system.register_job(description("STC00001".into())).unwrap();
    let record = entry.record().clone();
    let limit = Duration::from_millis(200);
    std::thread::scope(|scope| {
        scope.spawn(|| trickle(entry.listener().accept().unwrap().0, Duration::from_millis(10)));
        let error = send(record.directory(), &Request::Stop, limit).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        // However fast it comes, an answer has a size limit.
        scope.spawn(|| trickle(entry.listener().accept().unwrap().0, Duration::ZERO));
        assert_eq!(send(record.directory(), &Request::Stop, Duration::from_secs(60)).unwrap_err().kind(), io::ErrorKind::InvalidData);
        let (client, server) = UnixStream::pair().unwrap();
        scope.spawn(|| trickle(client, Duration::from_millis(10)));
        let error = read_request(&server, limit).unwrap_err();
        assert!(matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock), "{error:?}");
        drop(server);
    });
}

#[test]
fn a_client_of_before_is_not_taken_for_one_that_wants_a_code() {
    for (sent, coded) in [("MODIFY DISP\n", false), ("MODIFY DISP\nCODED\n", true), ("MODIFY DISP\nCODED\nMORE\n", false)] {
        let (mut client, server) = UnixStream::pair().unwrap();
        client.write_all(sent.as_bytes()).unwrap();
        let read = read_any_request(&server, Duration::from_secs(10)).unwrap();
        assert_eq!(read, Some((Request::Modify("DISP".into()), coded)), "{sent:?}");
    }
}

#[test]
fn a_peer_that_says_too_much_or_nothing_does_no_harm() {
    let (mut client, server) = UnixStream::pair().unwrap();
    client.write_all(&[b'x'; 5000]).unwrap();
    drop(client);
    assert_eq!(read_request(&server, Duration::from_secs(10)).unwrap_err().kind(), io::ErrorKind::InvalidData);
    let (client, server) = UnixStream::pair().unwrap();
    drop(client);
    assert_eq!(read_request(&server, Duration::from_secs(10)).unwrap(), None);
}

#[test]
fn lines_of_several_writers_never_mix() {
    let (_place, system) = system();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let system = &system;
            scope.spawn(move || {
                for _ in 0..50 {
                    system.append_syslog(&format!("JOB{writer}"), "STC00001", &format!("{writer}").repeat(300)).unwrap();
                }
            });
        }
    });
    let log = fs::read_to_string(system.syslog()).unwrap();
    assert_eq!(log.lines().count(), 200);
    for line in log.lines() {
        let line = parse_syslog_line(line).unwrap();
        assert_eq!(line.text, line.job_name.trim_start_matches("JOB").repeat(300));
    }
}

proptest! {
    #[test]
    fn a_syslog_line_is_one_line_and_reads_back(
        sysname in "[A-Z]{1,8}", job in "[A-Z]{0,8}", id in "(STC[0-9]{5})?", text in "\\PC{0,40}", seconds in 0i64..4_000_000_000,
    ) {
        let made = syslog_line(Timestamp::from_second(seconds).unwrap(), &sysname, &job, &id, &text);
        prop_assert!(made.ends_with('\n') && made.matches('\n').count() == 1);
        let read = parse_syslog_line(&made).unwrap();
        prop_assert_eq!((read.sysname, read.job_name, read.job_id, read.text), (sysname.as_str(), job.as_str(), id.as_str(), text.trim_end()));
    }

    #[test]
    fn no_text_forges_a_syslog_line(job in any::<String>(), text in any::<String>()) {
        let made = syslog_line(Timestamp::UNIX_EPOCH, "SYS1", &job, "", &text);
        prop_assert_eq!(made.chars().filter(|character| character.is_control()).count(), 1);
        prop_assert!(parse_syslog_line(&made).is_some());
    }

    #[test]
    fn any_line_is_parsed_or_refused(line in any::<String>()) {
        let _ = parse_syslog_line(&line);
        let _ = decode_request(&line);
    }

    #[test]
    fn a_request_reads_back(text in "[^\\p{Cc}]{0,140}") {
        let request = Request::Modify(text.clone());
        let sendable = text.chars().count() <= COMMAND_LIMIT && !text.trim().is_empty();
        prop_assert_eq!(encode_request(&request).is_some(), sendable);
        if let Some(line) = encode_request(&request) {
            prop_assert_eq!(decode_request(&line), Some(request));
        }
    }

    #[test]
    fn a_text_with_a_line_end_is_never_sent(before in "[A-Z]{0,5}", after in "[A-Z]{0,5}") {
        prop_assert_eq!(encode_request(&Request::Modify(format!("{before}\n{after}"))), None);
    }
}

#[test]
fn an_entry_that_cannot_be_read_is_told_and_hides_no_other() {
    let (_place, system) = system();
    let jobs = system.jobs_directory();
    for (name, text) in [("STC00001", Some("{")), ("STC00002", None), ("STC00003", Some(r#"{"job_name": 1}"#))] {
        fs::create_dir(jobs.join(name)).unwrap();
        text.iter().for_each(|text| fs::write(jobs.join(name).join("job.json"), text).unwrap());
    }
    // A loop of links is an error for root too.
    std::os::unix::fs::symlink("STC00004", jobs.join("STC00004")).unwrap();
    let (found, problems) = system.all_jobs();
    let told: Vec<String> = problems.iter().map(|problem| problem.text().to_owned()).collect();
    assert!(found.is_empty() && told.iter().all(|text| text.starts_with("ZWEL0939W which job is in ")), "{told:?}");
    for name in ["STC00001", "STC00003", "STC00004"] {
        assert!(told.iter().any(|text| text.contains(name)), "{name} in {told:?}");
    }
    assert_eq!(told.len(), 3, "one without a record is just beginning");
    fs::rename(&jobs, jobs.with_file_name("elsewhere")).unwrap();
    std::os::unix::fs::symlink("jobs", &jobs).unwrap();
    assert!(system.all_jobs().1[0].text().contains(&format!("{}", jobs.display())));
}
