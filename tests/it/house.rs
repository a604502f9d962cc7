//! The structure of the crate: which file uses which, read from the sources. The floors are those in src/lib.rs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use syn::{Item, UseTree};

/// A module: where it is, and what its names mean.
#[derive(Default)]
struct Module {
    file: PathBuf,
    children: BTreeSet<String>,
    /// Names that `use` binds, as absolute paths.
    bound: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    defined: BTreeSet<String>,
    /// Paths that its code names, absolute.
    named: Vec<Vec<String>>,
}

/// The whole crate without its tests.
struct House {
    modules: BTreeMap<Vec<String>, Module>,
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = attribute.meta.require_list().map(|list| list.tokens.to_string()).unwrap_or_default();
        attribute.path().is_ident("cfg") && text.split(|character: char| !character.is_alphanumeric()).any(|word| word == "test")
            || attribute.path().is_ident("test")
    })
}

fn attributes(item: &Item) -> &[syn::Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn name_of(item: &Item) -> Option<String> {
    let identifier = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(identifier.to_string())
}

/// A path as written in a module, made absolute from the root of the crate; None: it belongs to another crate.
fn absolute(path: &[String], module: &[String], house: &Module) -> Option<Vec<String>> {
    let (first, rest) = path.split_first()?;
    let mut base = match first.as_str() {
        "crate" => Vec::new(),
        "self" => module.to_vec(),
        "super" => {
            let levels = path.iter().take_while(|step| *step == "super").count();
            return Some([&module[..module.len().checked_sub(levels)?], &path[levels..]].concat());
        }
        name if house.children.contains(name) => [module, std::slice::from_ref(first)].concat(),
        name => house.bound.get(name)?.clone(),
    };
    base.extend(rest.iter().cloned());
    Some(base)
}

fn leaves(tree: &UseTree, path: &mut Vec<String>, found: &mut Vec<(String, Vec<String>)>) {
    match tree {
        UseTree::Path(tree) => {
            path.push(tree.ident.to_string());
            leaves(&tree.tree, path, found);
            path.pop();
        }
        UseTree::Name(tree) if tree.ident == "self" => found.push((path.last().cloned().unwrap_or_default(), path.clone())),
        UseTree::Name(tree) => found.push((tree.ident.to_string(), [path.as_slice(), &[tree.ident.to_string()]].concat())),
        UseTree::Rename(tree) => found.push((tree.rename.to_string(), [path.as_slice(), &[tree.ident.to_string()]].concat())),
        UseTree::Glob(_) => found.push(("*".into(), path.clone())),
        UseTree::Group(tree) => tree.items.iter().for_each(|tree| leaves(tree, path, found)),
    }
}

/// Runs of at least two identifiers with `::` between them, also within macros.
fn paths(tokens: proc_macro2::TokenStream, found: &mut Vec<Vec<String>>) {
    use proc_macro2::TokenTree;
    let (mut run, mut colons): (Vec<String>, usize) = (Vec::new(), 0);
    for token in tokens {
        match &token {
            TokenTree::Ident(identifier) if run.is_empty() || colons == 2 => run.push(identifier.to_string()),
            TokenTree::Punct(punctuation) if punctuation.as_char() == ':' && !run.is_empty() => {
                colons += 1;
                continue;
            }
            other => {
                found.extend((run.len() > 1).then(|| std::mem::take(&mut run)));
                run.clear();
                match other {
                    TokenTree::Ident(identifier) => run.push(identifier.to_string()),
                    TokenTree::Group(group) => paths(group.stream(), found),
                    _ => {}
                }
            }
        }
        colons = 0;
    }
    found.extend((run.len() > 1).then_some(run));
}

impl House {
    fn read(root: &Path) -> House {
        let mut house = House { modules: BTreeMap::new() };
        house.file(root.join("lib.rs"), Vec::new());
        house
    }

    fn file(&mut self, file: PathBuf, module: Vec<String>) {
        let text = std::fs::read_to_string(&file).unwrap();
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.module(parsed.items, &file, module);
    }

    fn module(&mut self, items: Vec<Item>, file: &Path, path: Vec<String>) {
        use quote::ToTokens;
        let items: Vec<Item> = items.into_iter().filter(|item| !is_test(attributes(item))).collect();
        let mut module = Module { file: file.to_path_buf(), ..Module::default() };
        module.children =
            items.iter().filter_map(|item| if let Item::Mod(item) = item { Some(item.ident.to_string()) } else { None }).collect();
        module.defined = items.iter().filter_map(name_of).collect();
        let mut used = Vec::new();
        let mut named = Vec::new();
        for item in items {
            match item {
                Item::Use(item) => leaves(&item.tree, &mut Vec::new(), &mut used),
                Item::Mod(item) => {
                    let path = [path.as_slice(), &[item.ident.to_string()]].concat();
                    match item.content {
                        Some((_, items)) => self.module(items, file, path),
                        None => {
                            let stem = file.file_stem().unwrap().to_str().unwrap();
                            let parent = file.parent().unwrap();
                            let directory = if matches!(stem, "mod" | "lib") { parent.to_path_buf() } else { parent.join(stem) };
                            let flat = directory.join(format!("{}.rs", item.ident));
                            let file = if flat.exists() { flat } else { directory.join(item.ident.to_string()).join("mod.rs") };
                            self.file(file, path);
                        }
                    }
                }
                item => paths(item.to_token_stream(), &mut named),
            }
        }
        for (name, used) in used {
            let Some(target) = absolute(&used, &path, &module) else { continue };
            module.named.push(target.clone());
            if name == "*" { module.globs.push(target) } else { drop(module.bound.insert(name, target)) }
        }
        for path_named in named {
            module.named.extend(absolute(&path_named, &path, &module));
        }
        self.modules.insert(path, module);
    }

    /// The file that defines what a path names; None if it names nothing in the crate.
    fn home(&self, path: &[String], depth: usize) -> Option<&Path> {
        let mut at = Vec::new();
        for (index, name) in path.iter().enumerate() {
            let module = self.modules.get(&at)?;
            if module.children.contains(name) {
                at.push(name.clone());
                continue;
            }
            let rest = &path[index + 1..];
            if module.defined.contains(name) || depth == 0 {
                return Some(&module.file);
            }
            if let Some(target) = module.bound.get(name) {
                return self.home(&[target.as_slice(), rest].concat(), depth - 1);
            }
            let wanted = &path[index..];
            let by_glob = |glob: &Vec<String>| {
                let target = self.modules.get(glob)?;
                (target.defined.contains(name) || target.bound.contains_key(name)).then_some(())?;
                self.home(&[glob.as_slice(), wanted].concat(), depth - 1)
            };
            return module.globs.iter().find_map(by_glob).or(Some(&module.file));
        }
        Some(&self.modules.get(&at)?.file)
    }

    /// Which file uses which. What a file takes from the file that declares its own room, or one around it, is not an arrow, because the
    /// file is a part of that module.
    fn arrows(&self) -> BTreeMap<&Path, BTreeSet<&Path>> {
        let mut arrows: BTreeMap<&Path, BTreeSet<&Path>> = BTreeMap::new();
        for (path, module) in &self.modules {
            let own: BTreeSet<&Path> =
                (0..=path.len()).filter_map(|length| Some(self.modules.get(&path[..length])?.file.as_path())).collect();
            let to = arrows.entry(&module.file).or_default();
            to.extend(module.named.iter().filter_map(|path| self.home(path, 20)).filter(|file| !own.contains(file)));
        }
        arrows
    }
}

/// Everything that can be reached from a file.
fn reached<'a>(arrows: &BTreeMap<&'a Path, BTreeSet<&'a Path>>, from: &'a Path) -> BTreeSet<&'a Path> {
    let (mut seen, mut left) = (BTreeSet::new(), vec![from]);
    while let Some(file) = left.pop() {
        for next in arrows.get(file).into_iter().flatten() {
            if seen.insert(*next) {
                left.push(next);
            }
        }
    }
    seen
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn shown(file: &Path) -> String {
    file.strip_prefix(sources()).unwrap_or(file).display().to_string()
}

/// The floor of each module, from the table in src/lib.rs.
fn floors() -> BTreeMap<String, u32> {
    let text = std::fs::read_to_string(sources().join("lib.rs")).unwrap();
    let mut floors = BTreeMap::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("//! | ")) {
        let Some((floor, modules)) = line.split_once(" | ") else { continue };
        let Ok(floor) = floor.parse() else { continue };
        floors.extend(modules.split('`').skip(1).step_by(2).map(|module| (module.to_string(), floor)));
    }
    floors
}

#[test]
fn nothing_below_knows_anything_above() {
    let (house, floors) = (House::read(&sources()), floors());
    let room = |file: &Path| shown(file).split('/').next().unwrap_or_default().trim_end_matches(".rs").to_string();
    let mut wrong = Vec::new();
    let rooms: BTreeSet<String> = house.modules.keys().filter_map(|path| path.first().cloned()).collect();
    assert_eq!(rooms, floors.keys().cloned().collect(), "the table in src/lib.rs names every module");
    for (from, targets) in house.arrows() {
        for to in targets {
            let (Some(below), Some(above)) = (floors.get(&room(from)), floors.get(&room(to))) else { continue };
            if above > below {
                wrong.push(format!("{} (floor {below}) uses {} (floor {above})", shown(from), shown(to)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let house = House::read(&sources());
    let arrows = house.arrows();
    assert!(arrows.len() > 200 && arrows.values().map(BTreeSet::len).sum::<usize>() > 500, "the sources were not read");
    let all: BTreeMap<&Path, BTreeSet<&Path>> = arrows.keys().map(|file| (*file, reached(&arrows, file))).collect();
    let mut circles: BTreeSet<BTreeSet<&Path>> = BTreeSet::new();
    for (file, others) in all.iter().filter(|(file, others)| others.contains(*file)) {
        circles.insert(others.iter().filter(|other| all.get(*other).is_some_and(|back| back.contains(file))).copied().collect());
    }
    let mut text = String::new();
    for circle in circles {
        text += &format!("a circle of {} files:\n", circle.len());
        for file in &circle {
            let within: Vec<String> = arrows[file].intersection(&circle).map(|file| shown(file)).collect();
            text += &format!("  {} uses {}\n", shown(file), within.join(", "));
        }
    }
    assert!(text.is_empty(), "{text}");
}

/// What reads or writes files, waits, or looks through processes: nothing that the owner's thread may do.
const BLOCKING: &[&str] = &[
    "std::fs",
    "fs::",
    "File::open",
    "File::create",
    "OpenOptions",
    ".exists()",
    ".metadata()",
    "canonicalize",
    "may_be_file",
    "may_be_directory",
    "may_exist",
    "read_snapshot",
    "PrivateDirectory",
    "thread::sleep",
    "std::process::",
    "lock_file",
    "block_on",
    "blocking_",
    ".recv()",
    "process_table()",
    "process_list(",
    ".children(",
    "children_of(",
    "variable_of(",
    "configured_command",
    ".script(",
    "registration::",
    "survey(",
    "Configuration::",
    "read_mapping",
    "own_program",
];

/// The one place where each may stand all the same, and why.
const ALLOWED: &[(&str, &str)] = &[
    // An end of a pipe, as a value.
    ("launcher/owner/mod.rs", "use std::fs::File;"),
    // Asynchronous: the owner's wait for its next event.
    ("launcher/owner/mod.rs", "events.recv()"),
    // On a thread beside the owner, within a job that is handed there.
    ("launcher/owner/operator.rs", "table: platform.process_table()"),
];

#[test]
fn the_owners_thread_touches_no_file_lock_or_list_of_processes() {
    let owner = sources().join("launcher/owner");
    // What a change reads, writes and judges runs on the thread for that.
    let beside = ["read.rs", "judge.rs", "files.rs", "differ.rs"].map(|name| owner.join("change").join(name));
    let (mut read, mut wrong) = (0, Vec::new());
    let mut directories = vec![owner];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if !beside.contains(&path) {
                read += 1;
                let text = std::fs::read_to_string(&path).unwrap();
                for (number, line) in text.lines().enumerate().take_while(|(_, line)| !line.starts_with("mod tests")) {
                    let code = line.split("//").next().unwrap_or_default();
                    let allowed = ALLOWED.iter().any(|(file, part)| shown(&path) == *file && code.contains(part));
                    if let Some(call) = BLOCKING.iter().find(|call| code.contains(**call)).filter(|_| !allowed) {
                        wrong.push(format!("{}:{}: {call}", shown(&path), number + 1));
                    }
                }
            }
        }
    }
    assert!(read >= 6, "the owner's files were not read");
    assert!(wrong.is_empty(), "to be done on a thread beside the owner (launcher/workshop.rs):\n{}", wrong.join("\n"));
}

/// The public items of a file without a comment that says what they are.
fn undocumented(items: &[Item], found: &mut Vec<String>) {
    let is_public = |visibility: &syn::Visibility| matches!(visibility, syn::Visibility::Public(_));
    let mut look = |visibility: Option<&syn::Visibility>, attributes: &[syn::Attribute], name: &syn::Ident| {
        let has_comment = attributes.iter().any(|attribute| attribute.path().is_ident("doc"));
        if visibility.is_none_or(is_public) && !has_comment && !is_test(attributes) {
            found.push(name.to_string());
        }
    };
    let mut inner = Vec::new();
    for item in items.iter().filter(|item| !is_test(attributes(item))) {
        match item {
            Item::Fn(item) => look(Some(&item.vis), &item.attrs, &item.sig.ident),
            Item::Struct(item) => look(Some(&item.vis), &item.attrs, &item.ident),
            Item::Enum(item) => look(Some(&item.vis), &item.attrs, &item.ident),
            Item::Const(item) => look(Some(&item.vis), &item.attrs, &item.ident),
            Item::Static(item) => look(Some(&item.vis), &item.attrs, &item.ident),
            Item::Type(item) => look(Some(&item.vis), &item.attrs, &item.ident),
            Item::Trait(item) => {
                look(Some(&item.vis), &item.attrs, &item.ident);
                if is_public(&item.vis) {
                    for part in &item.items {
                        if let syn::TraitItem::Fn(function) = part {
                            look(None, &function.attrs, &function.sig.ident);
                        }
                    }
                }
            }
            Item::Impl(item) if item.trait_.is_none() => {
                for part in &item.items {
                    match part {
                        syn::ImplItem::Fn(function) => look(Some(&function.vis), &function.attrs, &function.sig.ident),
                        syn::ImplItem::Const(item) => look(Some(&item.vis), &item.attrs, &item.ident),
                        _ => {}
                    }
                }
            }
            Item::Mod(item) => inner.extend(item.content.iter().map(|(_, items)| items.clone())),
            _ => {}
        }
    }
    inner.iter().for_each(|items| undocumented(items, found));
}

/// Functions, types and constants. Fields and variants speak by their names, or say more where that is not enough.
#[test]
fn public_items_say_what_they_are() {
    let mut wrong = Vec::new();
    let files: BTreeSet<PathBuf> = House::read(&sources()).modules.into_values().map(|module| module.file).collect();
    assert!(files.len() > 200, "the sources were not read");
    // Each of its rows says what the setting is for, and docs/configuration.md is made from that.
    // And the comments of the arguments are their help.
    let elsewhere = |file: &PathBuf| file.ends_with("config/settings/table.rs") || shown(file).starts_with("cli/arguments");
    for file in files.into_iter().filter(|file| !elsewhere(file)) {
        let mut found = Vec::new();
        undocumented(&syn::parse_file(&std::fs::read_to_string(&file).unwrap()).unwrap().items, &mut found);
        wrong.extend(found.into_iter().map(|name| format!("{}: {name}", shown(&file))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Answers that make no difference between what is not there and what cannot be seen. `platform::files` has the ones that do: `look`,
/// `unless_missing`, `entries` and `read_bounded`, and `may_be_...` where whoever opens the file says what is wrong.
const BLIND: &[&str] = &[". exists ()", ". is_file ()", ". is_dir ()", ". is_symlink ()", "try_exists (", "read_dir ("];

/// What throws away why a file could not be used, where it stands behind a call of `fs` or `File`.
const DEAF: &[&str] =
    &["ok", "is_ok", "is_err", "is_ok_and", "unwrap_or_default", "unwrap_or", "unwrap_or_else", "map_or", "iter", "into_iter"];

/// The one place where each may stand all the same, and why.
const SEES: &[(&str, &str)] = &[
    // The place for it.
    ("platform/files.rs", ". is_file ()"),
    ("platform/files.rs", ". is_dir ()"),
    ("platform/files.rs", ". is_symlink ()"),
    ("platform/files.rs", "read_dir ("),
    // What the system shows of processes comes and goes meanwhile; a failure makes the caller look in another way.
    ("platform/unix/proc.rs", "read_dir ("),
    ("platform/unix/proc.rs", "fs :: read_dir (..) . ok"),
    ("platform/unix/proc.rs", "fs :: read_dir (..) . into_iter"),
    ("platform/unix/proc.rs", "fs :: read (..) . ok"),
    ("platform/unix/proc.rs", "File :: open (..) . ok"),
    ("platform/unix/proc.rs", "fs :: read_to_string (..) . ok"),
    ("platform/unix/proc.rs", "fs :: read_link (..) . ok"),
    ("platform/unix/process.rs", "read_dir ("),
    ("platform/unix/process.rs", "fs :: read_dir (..) . into_iter"),
    // The narrowest mode where the one of the source is not known.
    ("ha/compare/write.rs", "fs :: metadata (..) . map_or"),
    // Only z/OS: standard output counts as there.
    ("platform/zos/mod.rs", "fs :: metadata (..) . map_or"),
    // Somebody else has ended the job.
    ("system/jobs.rs", "fs :: rename (..) . ok"),
    // Refused while something is in it.
    ("lifecycle/registration/files.rs", "fs :: remove_dir (..) . is_err"),
    // Standard output that has no name is not begun anew under one.
    ("platform/unix/sysprint.rs", "fs :: read_link (..) . ok"),
    // Whoever opens it says why the link leads nowhere.
    ("system/hardcopy.rs", "fs :: canonicalize (..) . unwrap_or"),
    // For a progress line that is left out.
    ("inspect/compare_zwelnch/mod.rs", "fs :: metadata (..) . ok"),
];

/// `fs :: read (..) . ok` and the like among tokens.
fn deaf(tokens: proc_macro2::TokenStream, found: &mut Vec<String>) {
    use proc_macro2::TokenTree;
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            deaf(group.stream(), found);
        }
        let text = |offset: usize| tokens.get(index + offset).map(ToString::to_string).unwrap_or_default();
        let called = matches!(tokens.get(index + 4), Some(TokenTree::Group(_)));
        if matches!(text(0).as_str(), "fs" | "File") && text(1) + &text(2) == "::" && called && text(5) == "." {
            let answer = text(6);
            found.extend(DEAF.contains(&answer.as_str()).then(|| format!("{} :: {} (..) . {answer}", text(0), text(3))));
        }
    }
}

#[test]
fn only_what_is_not_there_counts_as_absent() {
    use quote::ToTokens;
    let (mut wrong, mut used) = (Vec::new(), BTreeSet::new());
    let files: BTreeSet<PathBuf> = House::read(&sources()).modules.into_values().map(|module| module.file).collect();
    for file in &files {
        let parsed = syn::parse_file(&std::fs::read_to_string(file).unwrap()).unwrap();
        for item in parsed.items.iter().filter(|item| !is_test(attributes(item))) {
            let text = item.to_token_stream().to_string();
            let mut found: Vec<String> = BLIND.iter().filter(|call| text.contains(**call)).map(|call| (*call).to_string()).collect();
            deaf(item.to_token_stream(), &mut found);
            for call in found {
                match SEES.iter().position(|(place, part)| shown(file) == *place && call == *part) {
                    Some(index) => drop(used.insert(index)),
                    None => wrong.push(format!("{}: {call}", shown(file))),
                }
            }
        }
    }
    assert!(files.len() > 200, "the sources were not read");
    assert!(wrong.is_empty(), "an error other than absence is lost here; see platform::files:\n{}", wrong.join("\n"));
    let idle: Vec<_> = SEES.iter().enumerate().filter(|(index, _)| !used.contains(index)).map(|(_, entry)| entry).collect();
    assert!(idle.is_empty(), "no longer needed: {idle:?}");
}
