//! Criteria of services of API ML.

use super::super::trial::Observation;
use super::facts::Facts;
use super::{Verdict, openapi};
use serde_json::Value;

/// What the programme takes for single sign-on.
const SCHEMES: [&str; 3] = ["httpBasicPassTicket", "zoweJwt", "safIdt"];

/// The longest service id, by the programme; and by what every version of API ML takes.
const LONGEST_ID: usize = 63;
const SAFE_LENGTH: usize = 40;

/// What is seen by running it alone.
pub(super) fn of_run(facts: &Facts, judge: impl FnOnce(&Observation) -> Verdict) -> Verdict {
    match &facts.observation {
        Some(observation) => judge(observation),
        None => Verdict::NotRun("it is seen with --run".into()),
    }
}

/// An entry of the manifest.
pub(super) fn entry(facts: &Facts, path: &[&str]) -> Verdict {
    match facts.text(path) {
        Some(text) if text.contains("{{") => Verdict::NotMet(format!("{} is {text}: the build has not filled it in", path.join("."))),
        Some(text) => Verdict::Met(text),
        None => Verdict::NotMet(format!("{} is missing", path.join("."))),
    }
}

fn judged(bad: &[String], good: String) -> Verdict {
    if bad.is_empty() { Verdict::Met(good) } else { Verdict::NotMet(bad.join("; ")) }
}

pub(super) fn is_registered(facts: &Facts) -> Verdict {
    let ids = facts.service_ids();
    let files: Vec<&str> = facts.defined.iter().map(|defined| defined.file.as_str()).collect();
    if !ids.is_empty() {
        return Verdict::Met(ids.join(", "));
    }
    if files.is_empty() {
        return Verdict::NotMet("apimlServices has neither static nor dynamic services".into());
    }
    Verdict::ByHand(format!("{} is no YAML before its own commands have changed it: look at what is registered", files.join(", ")))
}

pub(super) fn id_begins_with_vendor(facts: &Facts) -> Verdict {
    let ids = facts.service_ids();
    let Some(vendor) = &facts.vendor else {
        let ids = if ids.is_empty() { "?".to_owned() } else { ids.join(", ") };
        return Verdict::ByHand(format!("whether {ids} begins with the vendor's prefix; --vendor PREFIX has it judged"));
    };
    let bad: Vec<String> =
        ids.iter().filter(|id| !id.starts_with(vendor.as_str())).map(|id| format!("{id} does not begin with {vendor}")).collect();
    if ids.is_empty() { Verdict::ByHand("no service id is known here".into()) } else { judged(&bad, ids.join(", ")) }
}

pub(super) fn id_is_configurable(facts: &Facts) -> Verdict {
    let with_id = |text: &str| {
        let lines = text.lines().map(str::trim_start).filter(|line| !line.starts_with('#'));
        lines
            .filter_map(|line| line.trim_start_matches(['-', ' ']).strip_prefix("serviceId:").map(|id| id.trim().to_owned()))
            .collect::<Vec<_>>()
    };
    let ids: Vec<(String, String)> =
        facts.defined.iter().flat_map(|defined| with_id(&defined.text).into_iter().map(|id| (defined.file.clone(), id))).collect();
    if ids.is_empty() {
        return Verdict::ByHand("it registers itself: change its service id, and see it registered under the new one".into());
    }
    let bad: Vec<String> = ids
        .iter()
        .filter(|(_, id)| !id.contains('$'))
        .map(|(file, id)| format!("{file}: serviceId {id} is no variable, as in ${{ZWE_configs_serviceId}}"))
        .collect();
    judged(&bad, ids.iter().map(|(_, id)| id.clone()).collect::<Vec<_>>().join(", "))
}

fn odd_ids(facts: &Facts, is_good: impl Fn(&str) -> bool) -> Verdict {
    let ids = facts.service_ids();
    let bad: Vec<String> = ids.iter().filter(|id| !is_good(id)).map(|id| format!("'{id}'")).collect();
    if ids.is_empty() { Verdict::ByHand("no service id is known here".into()) } else { judged(&bad, ids.join(", ")) }
}

pub(super) fn id_is_plain(facts: &Facts) -> Verdict {
    let is_plain = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
    odd_ids(facts, |id| (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(is_plain))
}

pub(super) fn id_is_safe(facts: &Facts) -> Verdict {
    if !facts.is_service() {
        return Verdict::DoesNotApply("it names no service of API ML".into());
    }
    let is_plain = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    odd_ids(facts, |id| (1..=SAFE_LENGTH).contains(&id.len()) && id.bytes().all(is_plain))
}

fn id_of(service: &Value) -> &str {
    service["serviceId"].as_str().unwrap_or("?")
}

fn list<'a>(service: &'a Value, keys: &[&str]) -> Vec<&'a Value> {
    keys.iter().find_map(|key| service[*key].as_array()).into_iter().flatten().collect()
}

/// Judges each service of the definitions; by hand where there are none to read.
fn each(facts: &Facts, judge: impl Fn(&Value) -> Vec<String>, good: impl Fn(&Value) -> String) -> Verdict {
    if let Some(why) = facts.undefined() {
        return Verdict::ByHand(why);
    }
    let services = facts.services();
    let bad: Vec<String> = services.iter().flat_map(|service| judge(service)).collect();
    judged(&bad, services.iter().map(|service| good(service)).collect::<Vec<_>>().join("; "))
}

pub(super) fn has_api_ids(facts: &Facts) -> Verdict {
    let api_ids = |service: &Value| -> Vec<Option<String>> {
        list(service, &["apiInfo"]).iter().map(|api| api["apiId"].as_str().map(str::to_owned)).collect()
    };
    each(
        facts,
        |service| {
            let ids = api_ids(service);
            if ids.is_empty() {
                return vec![format!("{}: apiInfo is missing, so that its APIs have no apiId", id_of(service))];
            }
            let odd = |id: &Option<String>| match (id, &facts.vendor) {
                (None, _) => Some(format!("{}: an API has no apiId", id_of(service))),
                (Some(id), Some(vendor)) if !id.starts_with(vendor.as_str()) => Some(format!("apiId {id} does not begin with {vendor}")),
                (Some(id), None) if !id.contains('.') => Some(format!("apiId {id} has no vendor before a dot")),
                _ => None,
            };
            ids.iter().filter_map(odd).collect()
        },
        |service| api_ids(service).into_iter().flatten().collect::<Vec<_>>().join(", "),
    )
}

/// `api/v1`, `ui/v1`, `ws/v1`, `graphql` and the same without a version.
fn is_usual_route(route: &str) -> bool {
    let mut steps = route.trim_matches('/').split('/');
    let (kind, version, more) = (steps.next().unwrap_or_default(), steps.next(), steps.next());
    let digits = |version: &str| {
        version.strip_prefix('v').is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match kind {
        "api" => {
            more.is_none() && version.is_none_or(|version| digits(version) || version == "graphql")
                || (version.is_some_and(digits) && more == Some("graphql"))
        }
        "ui" | "ws" => more.is_none() && version.is_none_or(digits),
        "graphql" => more.is_none() && version.is_none_or(digits),
        _ => false,
    }
}

fn routes(service: &Value) -> Vec<String> {
    let routes = list(service, &["routes", "routedServices"]);
    routes.iter().filter_map(|route| route["gatewayUrl"].as_str()).map(str::to_owned).collect()
}

pub(super) fn routes_are_usual(facts: &Facts) -> Verdict {
    each(
        facts,
        |service| {
            let routes = routes(service);
            if routes.is_empty() {
                return vec![format!("{}: it has no routes", id_of(service))];
            }
            routes.iter().filter(|route| !is_usual_route(route)).map(|route| format!("{}: route {route}", id_of(service))).collect()
        },
        |service| format!("{}: {}", id_of(service), routes(service).join(", ")),
    )
}

pub(super) fn is_documented(facts: &Facts) -> Verdict {
    if let Some(observation) = facts.observation.as_ref().filter(|observation| !observation.documents.is_empty()) {
        let is_good = |document: &Value| openapi::version(document).map(str::to_owned).ok_or_else(|| "it is no OpenAPI 2 or 3".to_owned());
        let judged_one = |(url, read): &(String, Result<Value, String>)| match read.as_ref().map_err(Clone::clone).and_then(is_good) {
            Ok(version) => Ok(format!("{url}: {version}")),
            Err(why) => Err(format!("{url}: {why}")),
        };
        let all: Vec<Result<String, String>> = observation.documents.iter().map(judged_one).collect();
        let bad: Vec<String> = all.iter().filter_map(|one| one.as_ref().err()).cloned().collect();
        return judged(&bad, all.into_iter().flatten().collect::<Vec<_>>().join("; "));
    }
    let url = |api: &&Value| api["swaggerUrl"].as_str().or_else(|| api["openApiUrl"].as_str()).is_some();
    each(
        facts,
        |service| {
            let apis = list(service, &["apiInfo"]);
            if !apis.is_empty() && apis.iter().all(url) {
                Vec::new()
            } else {
                vec![format!("{}: apiInfo[].swaggerUrl is missing", id_of(service))]
            }
        },
        |service| format!("{}: swaggerUrl is there; what it answers is seen with --run", id_of(service)),
    )
}

/// Judges what was read of the documents of its APIs.
fn of_documents(facts: &Facts, judge: impl Fn(&Value) -> Vec<String>, good: &str) -> Verdict {
    of_run(facts, |observation| {
        let read: Vec<(&String, &Value)> =
            observation.documents.iter().filter_map(|(url, read)| read.as_ref().ok().map(|document| (url, document))).collect();
        if read.is_empty() {
            return Verdict::NotMet("no document of an API could be read".into());
        }
        let bad: Vec<String> =
            read.iter().flat_map(|(url, document)| judge(document).into_iter().map(move |gap| format!("{url}: {gap}"))).collect();
        judged(&bad, good.to_owned())
    })
}

pub(super) fn documents_have_no_gaps(facts: &Facts) -> Verdict {
    of_documents(facts, openapi::gaps, "nothing is missing")
}

pub(super) fn paths_are_camel_case(facts: &Facts) -> Verdict {
    of_documents(facts, openapi::other_cases, "all of them")
}

pub(super) fn needs_no_encoded_slash(facts: &Facts) -> Verdict {
    let is_wanted = |service: &Value| service["customMetadata"]["apiml"]["enableUrlEncodedCharacters"] == true;
    each(
        facts,
        |service| {
            if is_wanted(service) { vec![format!("{}: enableUrlEncodedCharacters is true", id_of(service))] } else { Vec::new() }
        },
        |service| format!("{}: enableUrlEncodedCharacters is not set", id_of(service)),
    )
}

fn scheme(service: &Value) -> Option<&str> {
    service["authentication"]["scheme"].as_str()
}

pub(super) fn signs_on(facts: &Facts) -> Verdict {
    each(
        facts,
        |service| match scheme(service) {
            Some(scheme) if SCHEMES.contains(&scheme) => Vec::new(),
            Some(scheme) => vec![format!("{}: authentication.scheme is {scheme}", id_of(service))],
            None => vec![format!("{}: authentication.scheme is missing", id_of(service))],
        },
        |service| format!("{}: {}", id_of(service), scheme(service).unwrap_or_default()),
    )
}

pub(super) fn web_sockets(facts: &Facts) -> Verdict {
    let has_route = facts.services().iter().any(|service| routes(service).iter().any(|route| route.trim_matches('/').starts_with("ws")));
    if facts.undefined().is_none() && !has_route {
        return Verdict::DoesNotApply("no route is of WebSockets".into());
    }
    Verdict::ByHand("open a WebSocket through the Gateway and close it from either side".into())
}

pub(super) fn is_secure(facts: &Facts) -> Verdict {
    if !facts.is_service() {
        return Verdict::DoesNotApply("it names no service of API ML".into());
    }
    let plain = |service: &Value| -> Vec<String> {
        let urls = list(service, &["instanceBaseUrls"]);
        urls.iter()
            .filter_map(|url| url.as_str())
            .filter(|url| !url.starts_with("https:"))
            .map(|url| format!("{}: {url}", id_of(service)))
            .collect()
    };
    each(facts, plain, |service| format!("{}: https", id_of(service)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_routes() {
        for good in ["api/v1", "/api/v2/", "ui/v1", "ws/v1", "graphql", "api/v1/graphql", "api", "ui"] {
            assert!(is_usual_route(good), "{good}");
        }
        for bad in ["", "v1", "api/one", "api/v", "api/v1/x", "rest/v1", "ws/v1/y"] {
            assert!(!is_usual_route(bad), "{bad}");
        }
    }
}
