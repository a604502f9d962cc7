//! Where a component answers over HTTP, and whether it does.

use super::bench::Bench;
use crate::config::read_mapping;
use crate::net::{Request, Trust, get_blocking, url_host};
use crate::platform::files::entries;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// What one request may take.
const REQUEST: Duration = Duration::from_secs(5);

/// A URL that is to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub url: String,
    /// The component says itself that it is asked there: the answer has to be a good one. Else any answer shows that it serves.
    pub is_promised: bool,
}

/// Where the component of an HA instance is asked: the URLs of its registered definitions, else its port.
pub(super) fn endpoints(bench: &Bench, id: &str) -> Vec<Endpoint> {
    let mut found = Vec::new();
    let (begin, end) = (format!("{}.", bench.name()), format!(".{id}.yml"));
    for entry in entries(&bench.workspace().join("api-mediation/api-defs")).unwrap_or_default() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(&begin) && name.ends_with(&end) {
            found.extend(promised(&entry.path()));
        }
    }
    if found.is_empty() {
        if let Some(port) = bench.port(id) {
            let host = url_host("localhost");
            found.extend(["http", "https"].map(|scheme| Endpoint { url: format!("{scheme}://{host}:{port}/"), is_promised: false }));
        }
    }
    found
}

fn promised(definition: &Path) -> Vec<Endpoint> {
    let Ok(document) = read_mapping(definition) else { return Vec::new() };
    let value = document.root.to_value();
    let services = value["services"].as_array().map(Vec::as_slice).unwrap_or_default();
    services.iter().filter_map(url_of).map(|url| Endpoint { url, is_promised: true }).collect()
}

/// The health check of a service in a static definition, else its home page.
fn url_of(service: &Value) -> Option<String> {
    let base = service["instanceBaseUrls"][0].as_str()?.trim_end_matches('/');
    let text = |key: &str| service[key].as_str().filter(|text| !text.is_empty());
    let relative = text("healthCheckRelativeUrl").or_else(|| text("homePageRelativeUrl")).unwrap_or("/");
    Some(format!("{base}/{}", relative.trim_start_matches('/')))
}

/// Asks once; what it answered, or why that is no answer.
pub(super) fn ask(endpoint: &Endpoint) -> Result<String, String> {
    let url = &endpoint.url;
    let mut request = Request::new(url.clone(), REQUEST, Trust::Unchecked);
    request.body_limit = 1024;
    match get_blocking(&request) {
        // Without credentials a component may refuse, and does so by answering.
        Ok(response) if response.status < 400 || matches!(response.status, 401 | 403) || !endpoint.is_promised => {
            Ok(format!("GET {url} is answered with {}", response.status))
        }
        Ok(response) => Err(format!("GET {url} is answered with {}", response.status)),
        Err(error) => Err(format!("GET {url} is not answered: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_says_where_it_is_asked() {
        let of = |text: &str| url_of(&serde_yaml::from_str::<Value>(text).unwrap());
        assert_eq!(of("{instanceBaseUrls: ['http://h:1/'], healthCheckRelativeUrl: /health}").as_deref(), Some("http://h:1/health"));
        assert_eq!(of("{instanceBaseUrls: ['https://h:1/a'], homePageRelativeUrl: x}").as_deref(), Some("https://h:1/a/x"));
        assert_eq!(of("{instanceBaseUrls: ['http://h:1'], homePageRelativeUrl: ''}").as_deref(), Some("http://h:1/"));
        assert_eq!(of("{title: x}"), None);
    }
}
