//! stub
use crate::platform::Platform;
pub struct Request<'a> { pub config: &'a str, pub ha_instance: Option<&'a str>, pub platform: &'a dyn Platform }
pub struct Answer { pub text: String, pub errors: Vec<String>, pub exit_code: i32 }
fn none() -> Answer { Answer { text: String::new(), errors: vec![], exit_code: 0 } }
pub fn check(_: &Request<'_>) -> Answer { none() }
pub fn config(_: &Request<'_>, _: bool, _: Option<&str>, _: bool) -> Answer { none() }
pub fn environment(_: &Request<'_>, _: Option<&str>) -> Answer { none() }
pub fn plan(_: &Request<'_>) -> Answer { none() }
