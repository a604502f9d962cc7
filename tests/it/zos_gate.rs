//! What z/OS lacks is not used by the code that z/OS compiles. The sources are read as its compiler reads them: what a `cfg` hides there is
//! passed over. Every name of the C library and of nix stands in tests/zos-target/names, which tests/zos-target/check has held against the
//! public ports; names and habits that compile and are wrong are in [`FORBIDDEN`].

use proc_macro2::{TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};
use syn::{Attribute, Meta, UseTree};

/// What may not be used: a path (with all below it), `.method`, or `"text` for a literal that contains it; and the fact in docs/zos.md that
/// forbids it.
const FORBIDDEN: &[(&str, &str)] = &[
    ("nix::spawn", "there is no posix_spawn"),
    ("nix::unistd::getpeereid", "nobody tells who is at the other end of a socket"),
    ("nix::sys::socket", "nobody tells who is at the other end of a socket"),
    ("libc::getpeereid", "nobody tells who is at the other end of a socket"),
    (".peer_cred", "nobody tells who is at the other end of a socket"),
    ("\"/proc", "there is no /proc"),
    ("\"/sys/", "there is no /proc"),
    ("nix::sys::inotify", "there is no inotify"),
    ("libc::inotify_init1", "there is no inotify"),
    ("nix::sys::prctl", "there is no /proc"),
    (".is_file", "the standard library judges file types by the wrong bits"),
    (".is_dir", "the standard library judges file types by the wrong bits"),
    (".is_symlink", "the standard library judges file types by the wrong bits"),
    (".file_type", "the standard library judges file types by the wrong bits"),
    ("nix::unistd::geteuid", "user ids are signed"),
    ("nix::unistd::getuid", "user ids are signed"),
    ("nix::unistd::Uid", "user ids are signed"),
    ("nix::unistd::User", "user ids are signed"),
    ("libc::geteuid", "user ids are signed"),
    (".stack_size", "a stack has 1 MiB at least"),
    ("std::thread::Builder", "a stack has 1 MiB at least"),
    ("std::thread::spawn", "a stack has 1 MiB at least"),
    ("nix::errno::Errno::EWOULDBLOCK", "EAGAIN and EWOULDBLOCK are two errors"),
    ("libc::EWOULDBLOCK", "EAGAIN and EWOULDBLOCK are two errors"),
    ("nix::errno::Errno::EAGAIN", "EAGAIN and EWOULDBLOCK are two errors"),
    ("libc::EAGAIN", "EAGAIN and EWOULDBLOCK are two errors"),
    ("libc::kill", "a zombie answers kill() with EPERM"),
    ("nix::sys::signal::kill", "a zombie answers kill() with EPERM"),
    ("nix::sys::signal::killpg", "a zombie answers kill() with EPERM"),
    ("std::process::Command", "there is no posix_spawn"),
    ("std::os::linux", "there is no /proc"),
];

/// The one place where each may stand all the same, and why.
const ALLOWED: &[(&str, &str)] = &[
    // The places for it.
    ("platform/files.rs", ".is_file"),
    ("platform/files.rs", ".is_dir"),
    ("platform/files.rs", ".is_symlink"),
    ("platform/files.rs", ".file_type"),
    ("platform/thread.rs", ".stack_size"),
    ("platform/thread.rs", "std::thread::Builder"),
    ("platform/unix/mod.rs", "libc::geteuid"),
    // Whether there is somebody is asked of the list of processes on z/OS, and of these two only where that is not to be had.
    ("platform/unix/process.rs", "libc::kill"),
    ("platform/unix/process.rs", "nix::sys::signal::kill"),
    ("platform/unix/process.rs", "nix::sys::signal::killpg"),
    // The shim makes EAGAIN of all that a lock which is held can answer.
    ("platform/zos/mod.rs", "libc::EAGAIN"),
];

/// Whether code under a `cfg` is compiled for z/OS.
fn holds(meta: &Meta) -> bool {
    let inner = |meta: &Meta| -> Vec<Meta> {
        let parse = syn::punctuated::Punctuated::<Meta, syn::Token![,]>::parse_terminated;
        meta.require_list().unwrap().parse_args_with(parse).unwrap().into_iter().collect()
    };
    let name = meta.path().get_ident().map(ToString::to_string).unwrap_or_default();
    let value = || meta.require_name_value().map(|pair| quote::quote!(#pair).to_string()).unwrap_or_default();
    match name.as_str() {
        "any" => inner(meta).iter().any(holds),
        "all" => inner(meta).iter().all(holds),
        "not" => !inner(meta).iter().any(holds),
        "zwelnch_zos" | "unix" => true,
        "zwelnch_unix" | "zwelnch_linux" | "test" | "fuzzing" => false,
        "feature" => !["\"emulation\"", "\"panel\"", "\"zos-stub\""].iter().any(|off| value().contains(off)),
        "target_os" => value().contains("\"zos\""),
        "target_arch" => value().contains("\"s390x\""),
        _ => panic!("{name} is not known to this test"),
    }
}

fn is_compiled(attributes: &[Attribute]) -> bool {
    let cfgs = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    cfgs.map(|attribute| attribute.parse_args::<Meta>().unwrap()).all(|meta| holds(&meta))
        && !attributes.iter().any(|attribute| attribute.path().is_ident("test"))
}

/// What a file uses of the system: its line and what, in the form of [`FORBIDDEN`].
#[derive(Default)]
struct Uses {
    found: Vec<(usize, String)>,
    /// What `use` binds.
    bound: BTreeMap<String, BTreeSet<String>>,
    /// Modules in files of their own, and whether the declaration stands within modules in this file.
    modules: Vec<String>,
}

impl Uses {
    fn tree(&mut self, tree: &UseTree, above: &[String]) {
        match tree {
            UseTree::Path(path) => self.tree(&path.tree, &[above, &[path.ident.to_string()]].concat()),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(tree, above)),
            UseTree::Glob(_) => {}
            UseTree::Name(name) => self.bind(&name.ident, &name.ident, above),
            UseTree::Rename(name) => self.bind(&name.ident, &name.rename, above),
        }
    }

    fn bind(&mut self, named: &syn::Ident, bound: &syn::Ident, above: &[String]) {
        let (mut path, mut bound) = (above.to_vec(), bound.to_string());
        if named == "self" {
            bound = above.last().cloned().unwrap_or_default();
        } else {
            path.push(named.to_string());
        }
        self.found.push((named.span().start().line, path.join("::")));
        self.bound.entry(bound).or_default().insert(path.join("::"));
    }

    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut path: Vec<String> = Vec::new();
        for (index, token) in tokens.iter().enumerate() {
            let before = |back: usize| index.checked_sub(back).map(|at| tokens[at].to_string()).unwrap_or_default();
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => self.found.push((literal.span().start().line, literal.to_string())),
                TokenTree::Ident(name) => {
                    let continues = before(1) == ":" && before(2) == ":" && !path.is_empty();
                    if !continues {
                        path.clear();
                    }
                    path.push(name.to_string());
                    let line = name.span().start().line;
                    if before(1) == "." {
                        self.found.push((line, format!(".{name}")));
                    } else {
                        self.found.push((line, path.join("::")));
                    }
                }
                TokenTree::Punct(_) => {}
            }
        }
    }
}

/// Passes over what a cfg hides.
macro_rules! compiled {
    ($($function:ident: $type:ident),* $(,)?) => {$(
        fn $function(&mut self, node: &'ast syn::$type) {
            if is_compiled(&node.attrs) {
                visit::$function(self, node);
            }
        }
    )*};
}

impl<'ast> Visit<'ast> for Uses {
    compiled!(
        visit_arm: Arm,
        visit_field: Field,
        visit_field_value: FieldValue,
        visit_variant: Variant,
        visit_local: Local,
        visit_impl_item_fn: ImplItemFn,
        visit_impl_item_const: ImplItemConst,
        visit_trait_item_fn: TraitItemFn,
        visit_item_const: ItemConst,
        visit_item_enum: ItemEnum,
        visit_item_fn: ItemFn,
        visit_item_foreign_mod: ItemForeignMod,
        visit_item_impl: ItemImpl,
        visit_item_macro: ItemMacro,
        visit_item_static: ItemStatic,
        visit_item_struct: ItemStruct,
        visit_item_trait: ItemTrait,
        visit_item_type: ItemType,
        visit_expr_block: ExprBlock,
        visit_expr_call: ExprCall,
        visit_expr_macro: ExprMacro,
        visit_expr_return: ExprReturn,
        visit_expr_if: ExprIf,
        visit_expr_for_loop: ExprForLoop,
        visit_expr_assign: ExprAssign,
        visit_stmt_macro: StmtMacro,
    );

    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    fn visit_item_mod(&mut self, node: &'ast syn::ItemMod) {
        if is_compiled(&node.attrs) {
            if node.content.is_none() {
                self.modules.push(node.ident.to_string());
            }
            visit::visit_item_mod(self, node);
        }
    }

    fn visit_item_use(&mut self, node: &'ast syn::ItemUse) {
        if is_compiled(&node.attrs) {
            self.tree(&node.tree, &[]);
        }
    }

    fn visit_expr_method_call(&mut self, node: &'ast syn::ExprMethodCall) {
        if is_compiled(&node.attrs) {
            self.found.push((node.method.span().start().line, format!(".{}", node.method)));
            visit::visit_expr_method_call(self, node);
        }
    }

    fn visit_path(&mut self, node: &'ast syn::Path) {
        let line = node.segments.first().map_or(0, |first| first.ident.span().start().line);
        let path: Vec<String> = node.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.found.push((line, path.join("::")));
        visit::visit_path(self, node);
    }

    fn visit_lit(&mut self, node: &'ast syn::Lit) {
        self.found.push((node.span().start().line, quote::quote!(#node).to_string()));
    }

    fn visit_macro(&mut self, node: &'ast syn::Macro) {
        self.tokens(node.tokens.clone());
    }
}

/// What a text uses, with the names that it binds resolved; and the files of its modules.
fn uses(text: &str) -> (Vec<(usize, String)>, Vec<String>) {
    let mut uses = Uses::default();
    uses.visit_file(&syn::parse_file(text).unwrap());
    let mut found = Vec::new();
    for (line, used) in &uses.found {
        let (first, rest) = used.split_once("::").map_or((used.as_str(), None), |(first, rest)| (first, Some(rest)));
        let full = uses.bound.get(first).into_iter().flatten().map(|base| rest.map_or(base.clone(), |rest| format!("{base}::{rest}")));
        let full: Vec<String> = full.chain([used.clone()]).collect();
        // A name that is bound to one of its own is resolved in two steps (`use nix::libc; use libc::...`).
        for name in full {
            found.push((*line, name.strip_prefix("nix::libc::").map_or(name.clone(), |name| format!("libc::{name}"))));
        }
    }
    found.sort();
    found.dedup();
    (found, uses.modules)
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every use in the code for z/OS: file, line, what.
fn all_uses() -> Vec<(String, usize, String)> {
    let (mut all, mut left) = (Vec::new(), vec![sources().join("lib.rs"), sources().join("main.rs")]);
    let mut read = 0;
    while let Some(file) = left.pop() {
        read += 1;
        let (found, modules) = uses(&std::fs::read_to_string(&file).unwrap());
        let shown = file.strip_prefix(sources()).unwrap().display().to_string();
        all.extend(found.into_iter().map(|(line, what)| (shown.clone(), line, what)));
        let stem = file.file_stem().unwrap().to_str().unwrap();
        let parent = file.parent().unwrap();
        let directory = if matches!(stem, "mod" | "lib" | "main") { parent.to_path_buf() } else { parent.join(stem) };
        for module in modules {
            let flat = directory.join(format!("{module}.rs"));
            let file = if flat.exists() { flat } else { directory.join(&module).join("mod.rs") };
            assert!(file.exists(), "{shown}: no file for mod {module}");
            left.push(file);
        }
    }
    assert!(read > 150, "the sources were not read");
    all
}

/// The rule that a use breaks.
fn broken(used: &str) -> Option<(&'static str, &'static str)> {
    FORBIDDEN.iter().copied().find(|(what, _)| match what.strip_prefix('"') {
        Some(text) => used.starts_with('"') && used.contains(text),
        None => used == *what || used.strip_prefix(what).is_some_and(|rest| rest.starts_with("::")),
    })
}

#[test]
fn nothing_that_z_os_lacks_is_used_there() {
    let (mut wrong, mut idle): (Vec<String>, BTreeSet<&(&str, &str)>) = (Vec::new(), ALLOWED.iter().collect());
    for (file, line, used) in all_uses() {
        let Some((what, fact)) = broken(&used) else { continue };
        match ALLOWED.iter().find(|entry| **entry == (file.as_str(), what)) {
            Some(entry) => drop(idle.remove(entry)),
            None => wrong.push(format!("src/{file}:{line}: {used} - {fact} (docs/zos.md, What z/OS lacks)")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(idle.is_empty(), "no longer needed: {idle:?}");
}

#[test]
fn each_fact_that_forbids_something_is_in_the_manual() {
    let manual = std::fs::read_to_string(sources().join("../docs/zos.md")).unwrap();
    let section = manual.split("### What z/OS lacks").nth(1).expect("a section of that name").split("\n## ").next().unwrap();
    for fact in FORBIDDEN.iter().map(|(_, fact)| fact).collect::<BTreeSet<_>>() {
        assert!(section.contains(&format!("| {fact} |")), "docs/zos.md, What z/OS lacks: {fact}");
    }
}

/// Names of these crates are held against the public ports.
const PORTED: [&str; 2] = ["libc::", "nix::"];

#[test]
fn every_name_of_the_system_has_been_held_against_the_public_ports() {
    let file = sources().join("../tests/zos-target/names");
    let used = all_uses().into_iter().filter(|(_, _, used)| PORTED.iter().any(|of| used.starts_with(of)));
    let used: BTreeMap<String, String> = used.map(|(file, line, used)| (used, format!("src/{file}:{line}"))).collect();
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let listed: BTreeMap<&str, &str> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once(char::is_whitespace).map_or((line, ""), |(name, source)| (name, source.trim())))
        .collect();
    let new: Vec<String> =
        used.iter().filter(|(name, _)| !listed.contains_key(name.as_str())).map(|(name, place)| format!("{place}: {name}")).collect();
    assert!(new.is_empty(), "to be added to tests/zos-target/names once tests/zos-target/check passes:\n{}", new.join("\n"));
    let idle: Vec<_> = listed.keys().filter(|name| !used.contains_key(**name)).collect();
    assert!(idle.is_empty(), "no longer used: {idle:?}");
    let unsourced: Vec<_> = listed.iter().filter(|(_, source)| source.is_empty()).collect();
    assert!(unsourced.is_empty(), "without a source: {unsourced:?}");
}

#[test]
fn what_a_cfg_hides_is_not_seen_and_everything_else_is() {
    let seen = |text: &str| -> Vec<(usize, &str)> {
        uses(text).0.into_iter().filter_map(|(line, used)| broken(&used).map(|(what, _)| (line, what))).collect()
    };
    let hidden =
        "#[cfg(zwelnch_linux)]\nuse nix::spawn::posix_spawn;\n#[cfg(any(test, feature = \"emulation\"))]\nmod a { fn f() { p.is_file(); } }
        fn g() { #[cfg(not(zwelnch_zos))]\nlet a = \"/proc/1\"; #[cfg(target_os = \"linux\")] { nix::unistd::geteuid(); } }
        #[test]\nfn h() { std::thread::spawn(f); }";
    assert_eq!(seen(hidden), []);
    let open = "use nix::spawn::{self, posix_spawn as make};\nuse nix::libc;\nuse std::thread;\nfn f() {\n    let _ = libc::EAGAIN;
    println!(\"{}\", path.is_file());\n    thread::spawn(g);\n    format!(\"/proc/{}\", 1);\n    #[cfg(not(zwelnch_linux))]\n    path.is_dir();\n}";
    let expected = [(1, "nix::spawn"), (5, "libc::EAGAIN"), (6, ".is_file"), (7, "std::thread::spawn"), (8, "\"/proc"), (10, ".is_dir")];
    let mut found = seen(open);
    found.dedup();
    assert_eq!(found, expected);
}
