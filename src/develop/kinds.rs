//! What `component new` can write: the files of each kind of component, from samplib.

/// A template: its path in the component, its text and its mode. Scripts do not need the execute bit; it is there for people who try them
/// by hand.
pub(super) struct Template {
    pub path: &'static str,
    pub text: &'static str,
    pub mode: u32,
}

/// A kind of component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A service that zwelnch itself has: scripts and nothing else.
    Minimal,
    Node,
    Python,
    Java,
    /// The registration of a service that runs elsewhere.
    Static,
    /// For the Gateway.
    Library,
    /// A plug-in of the application framework.
    App,
}

const fn file(path: &'static str, text: &'static str) -> Template {
    Template { path, text, mode: 0o640 }
}

const fn script(path: &'static str, text: &'static str) -> Template {
    Template { path, text, mode: 0o750 }
}

macro_rules! sample {
    ($path:literal) => {
        include_str!(concat!("../../samplib/", $path))
    };
}

static MINIMAL: &[Template] = &[
    file("manifest.yaml", sample!("component/manifest.yaml")),
    script("bin/validate.sh", sample!("component/bin/validate.sh")),
    script("bin/configure.sh", sample!("component/bin/configure.sh")),
    script("bin/start.sh", sample!("component/bin/start.sh")),
    file("schemas/@NAME@.json", sample!("component/schemas/component.json")),
    file("api/@NAME@.yml.template", sample!("component/api/component.yml.template")),
];

/// What all kinds have but the minimal one.
static COMMON: &[Template] = &[file(".github/workflows/component.yml", sample!("ci/github-actions.yml"))];

static SERVICE: &[Template] = &[
    file("manifest.yaml", sample!("kinds/service/manifest.yaml")),
    script("bin/validate.sh", sample!("kinds/service/bin/validate.sh")),
    file("schemas/@NAME@.json", sample!("kinds/service/schemas/component.json")),
    file("api/@NAME@.yml.template", sample!("kinds/service/api/component.yml.template")),
    file("api/openapi.json", sample!("kinds/service/api/openapi.json")),
    file("README.md", sample!("kinds/service/README.md")),
];

static NODE: &[Template] = &[
    script("bin/start.sh", sample!("kinds/node/bin/start.sh")),
    file("package.json", sample!("kinds/node/package.json")),
    file("src/server.js", sample!("kinds/node/src/server.js")),
    file("test/server.test.js", sample!("kinds/node/test/server.test.js")),
];

static PYTHON: &[Template] = &[
    script("bin/start.sh", sample!("kinds/python/bin/start.sh")),
    file("src/server.py", sample!("kinds/python/src/server.py")),
    file("test/test_server.py", sample!("kinds/python/test/test_server.py")),
];

static JAVA: &[Template] =
    &[script("bin/start.sh", sample!("kinds/java/bin/start.sh")), file("src/Server.java", sample!("kinds/java/src/Server.java"))];

static STATIC: &[Template] = &[
    file("manifest.yaml", sample!("kinds/static/manifest.yaml")),
    file("schemas/@NAME@.json", sample!("kinds/static/schemas/component.json")),
    file("api/@NAME@.yml.template", sample!("kinds/static/api/component.yml.template")),
    file("README.md", sample!("kinds/plain/README.md")),
];

static LIBRARY: &[Template] = &[
    file("manifest.yaml", sample!("kinds/library/manifest.yaml")),
    file("schemas/@NAME@.json", sample!("kinds/plain/schemas/component.json")),
    file("lib/README.md", sample!("kinds/library/lib/README.md")),
    file("README.md", sample!("kinds/plain/README.md")),
];

static APP: &[Template] = &[
    file("manifest.yaml", sample!("kinds/app/manifest.yaml")),
    file("schemas/@NAME@.json", sample!("kinds/plain/schemas/component.json")),
    file("pluginDefinition.json", sample!("kinds/app/pluginDefinition.json")),
    file("web/index.html", sample!("kinds/app/web/index.html")),
    file("web/icon.svg", sample!("kinds/app/web/icon.svg")),
    file("README.md", sample!("kinds/plain/README.md")),
];

impl Kind {
    /// Its files, in the order in which they are written.
    pub(super) fn templates(self) -> impl Iterator<Item = &'static Template> {
        let parts: &[&[Template]] = match self {
            Kind::Minimal => &[MINIMAL],
            Kind::Node => &[SERVICE, NODE, COMMON],
            Kind::Python => &[SERVICE, PYTHON, COMMON],
            Kind::Java => &[SERVICE, JAVA, COMMON],
            Kind::Static => &[STATIC, COMMON],
            Kind::Library => &[LIBRARY, COMMON],
            Kind::App => &[APP, COMMON],
        };
        let all: Vec<&'static Template> = parts.iter().copied().flatten().collect();
        all.into_iter()
    }

    /// The program that it needs, what to do where that is missing, and how its own tests are run; empty where it has none.
    pub(super) fn program(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Kind::Node => ("node", "set node.home in zowe.yaml", "    npm test                          # the program's own tests\n"),
            Kind::Python => {
                ("python3", "set PATH in zowe.environments", "    python3 -m unittest discover test # the program's own tests\n")
            }
            Kind::Java => ("java", "set java.home in zowe.yaml", ""),
            Kind::Minimal | Kind::Static | Kind::Library | Kind::App => ("", "", ""),
        }
    }
}
