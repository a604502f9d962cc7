//! stub
use crate::platform::unix::system::*;
pub fn jcl_member(_: Option<&str>) -> Result<String, std::io::Error> {
    Ok(String::new())
}
pub mod initiator {
    pub fn run(_: &std::path::Path) -> i32 {
        0
    }
}
pub mod console {
    use super::*;
    #[derive(Default)]
    pub struct ConsoleOptions {
        pub job: Option<String>,
        pub banner: Vec<String>,
        pub first_command: Option<String>,
        pub stop_at_end: bool,
    }
    pub fn interactive(_: &SystemDirectory, _: ConsoleOptions) -> std::io::Result<i32> {
        Ok(0)
    }
    pub fn only_job(_: &SystemDirectory, _: Option<&str>) -> Result<String, String> {
        Ok("ZWESLSTC".into())
    }
    pub fn one_shot(system: &SystemDirectory, _: Option<&str>, command: &str) -> (Vec<String>, i32) {
        let Some(job) = system.jobs().pop() else { return (vec!["no job".into()], 8) };
        let request = match command.split_once("APPL=") {
            Some((_, text)) => Request::Modify(text.to_uppercase()),
            None => Request::Stop,
        };
        match send(&job, &request, std::time::Duration::from_secs(10)) {
            Ok(r) => (r.lines, if r.accepted { 0 } else { 8 }),
            Err(e) => (vec![e.to_string()], 8),
        }
    }
}
