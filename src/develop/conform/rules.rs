//! The table of criteria: those of the programme's evaluation guide, version 3, with its numbers, then our own.

use super::facts::Facts;
use super::{Judge, Rule, Subject, Verdict, Weight, plugin, service};
use crate::component::{Phase, is_component_name};
use crate::platform::files::may_be_file;

const fn by(item: &'static str, subject: Subject, weight: Weight, criterion: &'static str, judge: fn(&Facts) -> Verdict) -> Rule {
    Rule { item, subject, weight, criterion, judge: Judge::By(judge) }
}

const fn by_hand(item: &'static str, subject: Subject, weight: Weight, criterion: &'static str, what: &'static str) -> Rule {
    Rule { item, subject, weight, criterion, judge: Judge::Hand(what) }
}

use Subject::{Component, Plugin, Service};
use Weight::{BestPractice, Ours, Required};

/// All of them, by subject.
pub(super) static RULES: [&[Rule]; 3] = [SERVICE, PLUGIN, COMPONENT];

static SERVICE: &[Rule] = &[
    by("1, 2, 9", Service, Required, "One service or more is registered with API ML, statically or dynamically", service::is_registered),
    by("3", Service, Required, "The default service id starts with the vendor", service::id_begins_with_vendor),
    by("4", Service, Required, "The service id can be changed after deployment", service::id_is_configurable),
    by("5", Service, Required, "The service id has lower-case letters, digits and hyphens only, at most 63", service::id_is_plain),
    by("6", Service, Required, "Each API has an apiId that begins with the vendor", service::has_api_ids),
    by(
        "7, 8",
        Service,
        Required,
        "Routes are /{serviceId}/api/v1, ui/v1, ws/v1 or graphql, or without a version",
        service::routes_are_usual,
    ),
    by("10", Service, Required, "The API is documented by OpenAPI 2 or 3 where its registration says", service::is_documented),
    by(
        "11-15",
        Service,
        Required,
        "Every endpoint, method, parameter, answer and error code is documented",
        service::documents_have_no_gaps,
    ),
    by_hand("16", Service, BestPractice, "There are client snippets", "Look at the documentation of the API."),
    by("17", Service, BestPractice, "No URL has an encoded slash", service::needs_no_encoded_slash),
    by_hand(
        "18",
        Service,
        Required,
        "The answer does not depend on Accept-Encoding",
        "Ask with gzip and without, directly and through the Gateway.",
    ),
    by("19", Service, BestPractice, "Names in paths are lowerCamelCase", service::paths_are_camel_case),
    by_hand("20", Service, BestPractice, "Bodies are JSON or binary", "Look at the content types of the documented answers."),
    by_hand(
        "21-23",
        Service,
        Required,
        "Links in answers are relative, or made from X-Forwarded headers (REST, WebSocket, UI)",
        "Follow the links in answers that came through the Gateway.",
    ),
    by_hand("24", Service, Required, "Resources are protected by SAF", "Ask with a user who may not."),
    by("25", Service, Required, "Single sign-on: httpBasicPassTicket, zoweJwt or safIdt", service::signs_on),
    by_hand("26", Service, BestPractice, "APIs are versioned semantically", "Compare the versions of two releases."),
    by_hand("27", Service, Required, "The last two major versions are kept", "Look at the APIs of the release before."),
    by("28, 29", Service, Required, "WebSockets go through the Gateway and are closed by whoever opened them", service::web_sockets),
];

static PLUGIN: &[Rule] = &[
    by("1", Plugin, Required, "Each plug-in has an id of its own, and org.zowe is Zowe's", plugin::has_own_id),
    by("2", Plugin, Required, "Plug-ins and their services have versions", plugin::has_versions),
    by(
        "3",
        Plugin,
        Required,
        "Files are where the framework looks for them: web/ for what browsers load, lib/ for services",
        plugin::has_layout,
    ),
    by("5, 6", Plugin, Required, "It is part of a component, and install-app.sh is not called", plugin::needs_no_install_app),
    by("11", Plugin, Required, "The manifest has an id", |facts| service::entry(facts, &["id"])),
    by("20", Plugin, Required, "Its icon is there, below web/", plugin::has_icon),
    by(
        "21, 22",
        Plugin,
        Required,
        "An iframe is zluxIframe, and window.parent and window.top are not used",
        plugin::leaves_the_desktop_alone,
    ),
    by_hand(
        "23, 24, 26, 27",
        Plugin,
        Required,
        "It leaves the DOM of others, globals and shared libraries alone and makes URLs by the URI Broker",
        "Look at its sources.",
    ),
    by_hand("31, 41, 44, 51", Plugin, Required, "What the guide says of these", "See the evaluation guide."),
    by_hand(
        "33, 36, 37",
        Plugin,
        Required,
        "Errors are caught, and logs are written by the framework's logger",
        "Provoke an error and look at the log.",
    ),
    by("34", Plugin, Required, "REST services of the plug-in are documented in doc/swagger", plugin::has_swagger),
    by_hand("38", Plugin, Required, "No password is logged", "Sign on with a password that you find again, and search the logs for it."),
    by_hand("40", Plugin, Required, "Files are tagged", "On z/OS: ls -T in the installed component."),
    by_hand("42", Plugin, Required, "It writes to workspace/app-server/<id> only", "Use it, and list what is new in the workspace."),
    by_hand("47", Plugin, Required, "The start script is as the guide says", "Look at its scripts."),
    by("48, 49", Plugin, BestPractice, "The component has validate and configure commands", |facts| {
        let has = |phase| matches!(facts.component.command(phase), Ok(Some(_)));
        match (has(Phase::Validate), has(Phase::Configure)) {
            (true, true) => Verdict::Met("both".into()),
            (false, true) => Verdict::NotMet("it has no validate command".into()),
            (true, false) => Verdict::NotMet("it has no configure command".into()),
            (false, false) => Verdict::NotMet("it has neither".into()),
        }
    }),
    by_hand("50", Plugin, Required, "Names of its environment variables have a prefix of their own", "Look at its scripts."),
    by_hand("4, 25, 28-30, 32, 35, 39, 43", Plugin, BestPractice, "What the guide says of these", "See the evaluation guide."),
];

static COMPONENT: &[Rule] = &[
    by("30", Component, Required, "The runtime directory is as it was: content, mode, owner (45 of plug-ins)", |facts| {
        service::of_run(facts, |seen| match seen.written.as_slice() {
            [] => Verdict::Met("neither the runtime nor the component's own directory was written to".into()),
            written => Verdict::NotMet(written.join("; ")),
        })
    }),
    by("31", Component, Required, "Mode and owner of the workspace are as they were (46 of plug-ins)", |facts| {
        service::of_run(facts, |seen| match seen.changed_modes.as_slice() {
            [] => Verdict::Met("modes and owners are the launcher's".into()),
            changed => Verdict::NotMet(changed.join("; ")),
        })
    }),
    by_hand("32", Component, Required, "It is delivered as zip, tar or pax", "Look at what is delivered; here its directory was judged."),
    by("33, 34", Component, Required, "A manifest is at the root of the package (7-10 of plug-ins)", |facts| {
        Verdict::Met(facts.component.manifest_file.file_name().unwrap_or_default().to_string_lossy().into_owned())
    }),
    by("35", Component, Required, "The manifest names the component", |facts| match facts.text(&["name"]) {
        Some(name) if is_component_name(&name) => Verdict::Met(name),
        Some(name) => Verdict::NotMet(format!("'{name}' is no name of a component")),
        None => Verdict::NotMet("name is missing".into()),
    }),
    by("36", Component, BestPractice, "The manifest has a version", |facts| service::entry(facts, &["version"])),
    by("37", Component, BestPractice, "The manifest has a license", |facts| service::entry(facts, &["license"])),
    by("38", Component, BestPractice, "The manifest has title and description", |facts| match service::entry(facts, &["title"]) {
        Verdict::Met(_) => service::entry(facts, &["description"]),
        missing => missing,
    }),
    by("39", Component, BestPractice, "The manifest has build information", |facts| {
        let build = facts.manifest["build"].as_object();
        let values: Vec<String> =
            build.into_iter().flatten().filter(|(_, value)| !value.is_null()).map(|(_, value)| value.to_string()).collect();
        match (values.is_empty(), values.iter().any(|value| value.contains("{{") || value.starts_with('{'))) {
            (true, _) => Verdict::NotMet("build is missing: branch, number, commitHash, timestamp".into()),
            (false, true) => Verdict::NotMet("build has placeholders: the build has not filled them in".into()),
            (false, false) => Verdict::Met("build".into()),
        }
    }),
    by("40", Component, BestPractice, "The manifest names the commands", |facts| match facts.manifest["commands"].as_object() {
        Some(commands) if !commands.is_empty() => Verdict::Met(commands.keys().cloned().collect::<Vec<_>>().join(", ")),
        _ => Verdict::NotMet("commands is missing".into()),
    }),
    by("41", Component, BestPractice, "The manifest names the services (apimlServices)", |facts| {
        if facts.is_service() {
            Verdict::Met("apimlServices".into())
        } else {
            Verdict::DoesNotApply("it names no service of API ML".into())
        }
    }),
    by_hand("42", Component, Required, "It is said how the product is supported", "Look at its documentation."),
    by("schema", Component, Ours, "Its properties have a schema (schemas.configs), and the files are there", |facts| {
        match (facts.component.manifest.config_schemas.is_empty(), facts.component.schema_files()) {
            (true, _) => Verdict::NotMet("schemas.configs is missing".into()),
            (false, Ok(files)) => Verdict::Met(format!("{} files", files.len())),
            (false, Err(errors)) => Verdict::NotMet(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
        }
    }),
    by("readme", Component, Ours, "It has a README and a LICENSE", |facts| {
        let has = |names: &[&str]| names.iter().any(|name| may_be_file(&facts.component.directory.join(name)));
        match (has(&["README.md", "README", "README.txt"]), has(&["LICENSE", "LICENSE.md", "LICENSE.txt"])) {
            (true, true) => Verdict::Met("both".into()),
            (false, true) => Verdict::NotMet("README.md is missing".into()),
            (true, false) => Verdict::NotMet("LICENSE is missing".into()),
            (false, false) => Verdict::NotMet("README.md and LICENSE are missing".into()),
        }
    }),
    by(
        "safe-id",
        Component,
        Ours,
        "Service ids are letters and digits only, at most 40: what every version of API ML takes",
        service::id_is_safe,
    ),
    by("https", Component, Ours, "It is reached by HTTPS", service::is_secure),
    by("ready", Component, Ours, "It says when it is ready", |facts| {
        let manifest = &facts.component.manifest;
        let says = !manifest.ready_messages.is_empty() || !manifest.readiness.is_null();
        match (says, facts.component.command(Phase::Start)) {
            (_, Ok(None)) => Verdict::DoesNotApply("it has no start command".into()),
            (true, _) => Verdict::Met("readiness".into()),
            (false, _) => Verdict::NotMet("neither readiness nor messages.ready is in the manifest".into()),
        }
    }),
    by("stop", Component, Ours, "It ends in order, and leaves no process and no port", |facts| {
        service::of_run(facts, |seen| match &seen.stopped {
            Ok(how) => Verdict::Met(how.clone()),
            Err(why) => Verdict::NotMet(why.clone()),
        })
    }),
];
