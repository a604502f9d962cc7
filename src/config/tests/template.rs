//! `${{ }}`.

use crate::config::template::scan::{Part, split};
use crate::config::testing::*;
use crate::config::{Configuration, LoadError, LoadRequest, Source};
use serde_json::{Value, json};

fn evaluated(text: &str) -> Value {
    load(text).base().clone()
}

fn failures(text: &str) -> Vec<String> {
    match load_texts(&[text], "x") {
        Err(LoadError::Templates(problems)) => problems.iter().map(ToString::to_string).collect(),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn a_lone_expression_keeps_its_type_and_text_around_makes_it_text() {
    let value = evaluated(
        "n: ${{ 1+1 }}\nb: \"${{ n == 2 }}\"\nx: \"${{ null }}\"\no: \"${{ ({a: [1, {b: 2}]}) }}\"\ns: pre ${{ n }}${{ b }} post\nsq: 'plain'\nq: \"${{ '}}' + `${n}` }}\"\n",
    );
    assert_eq!(value, json!({"n": 2, "b": true, "x": null, "o": {"a": [1, {"b": 2}]}, "s": "pre 2true post", "sq": "plain", "q": "}}2"}));
}

#[test]
fn references_work_in_both_directions_and_through_containers() {
    let value = evaluated("a: \"${{ b.list }}\"\nb:\n  list: [\"${{ c }}\", 2]\nc: \"${{ d + 1 }}\"\nd: 1\n");
    assert_eq!(value, json!({"a": [2, 2], "b": {"list": [2, 2]}, "c": 2, "d": 1}));
}

#[test]
fn a_cycle_is_named_with_its_path_once() {
    let found = failures("a: {x: \"${{ b }}\"}\nb: \"${{ c }}\"\nc: \"${{ a.x }}\"\n");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("a.x -> b -> c -> a.x"), "{found:?}");
}

/// `k0` refers to `k1` and so on; the last one is `last`.
fn chain(length: usize, last: &str) -> String {
    let links: String = (0..length).map(|link| format!("k{link}: \"${{{{ k{} }}}}\"\n", link + 1)).collect();
    format!("{links}k{length}: {last}\n")
}

#[test]
fn forward_references_of_any_length_resolve() {
    for length in [1, 15, 16, 17, 18, 33, 300, 3000] {
        let value = evaluated(&chain(length, "1"));
        assert!((0..=length).all(|link| value[format!("k{link}")] == json!(1)), "{length}");
    }
    // Those that use much of the stack, each in its own way, and those that catch whatever is thrown.
    let recursing: String =
        (0..60).map(|link| format!("k{link}: \"${{{{ function f(x) {{ return x ? f(x - 1) : k{} }} f(200) }}}}\"\n", link + 1)).collect();
    assert_eq!(evaluated(&(recursing + "k60: 1\n"))["k0"], json!(1));
    let catching: String =
        (0..60).map(|link| format!("k{link}: \"${{{{ try {{ k{} + 1 }} catch (e) {{ 'caught' }} }}}}\"\n", link + 1)).collect();
    assert_eq!(evaluated(&(catching + "k60: 1\n"))["k0"], json!(61));
    // Through whole mappings, and several from each.
    let mappings: String =
        (0..40).map(|link| format!("k{link}: {{a: {{v: \"${{{{ k{} }}}}\"}}, b: \"${{{{ k39.c }}}}\", c: 1}}\n", link + 1)).collect();
    let value = evaluated(&(mappings + "k40: 1\n"));
    assert_eq!(value["k39"], json!({"a": {"v": 1}, "b": 1, "c": 1}));
    assert_eq!(value["k0"]["a"]["v"]["a"]["v"]["b"], json!(1));
}

#[test]
fn a_long_cycle_and_a_long_chain_to_a_failure_are_told_once() {
    let found = failures(&chain(100, "\"${{ k0 }}\""));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("circle: k0 -> k1 -> k2 ->") && found[0].contains("k99 -> k100 -> k0"), "{found:?}");
    // One that is entered from outside, deeper than the stack is used.
    let found = failures(&chain(100, "\"${{ k50 }}\""));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("circle: k50 -> k51 ->") && found[0].contains("-> k100 -> k50"), "{found:?}");
    let found = failures(&chain(100, "\"${{ nosuch }}\""));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("0.yaml:101:7: k100: the template") && found[0].contains("ReferenceError"), "{found:?}");
}

#[test]
fn an_error_of_syntax_names_its_place_in_the_authors_text() {
    for (text, place) in [
        ("a: \"${{ 1 + ) }}\"\n", "line 1 column 9 of the template"),
        ("a: \"pre ${{ 1 }} ${{ é + * 2 }}\"\n", "line 1 column 22 of the template"),
        ("a: \"${{ 1 +\\n  2 3 }}\"\n", "line 2 column 5 of the template"),
        ("a: \"${{ () => { return 1 } () + ) }}\"\n", "line 1 column 29 of the template"),
        ("a: \"${{ x => { return 1 } (1) + (y => { return 2 } (2)) + ) }}\"\n", "line 1 column 55 of the template"),
        ("a: \"${{ { a: 1, b: ) } }}\"\n", "line 1 column"),
    ] {
        let found = failures(text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("SyntaxError") && found[0].contains(place), "{text}: {found:?}");
        assert!(!found[0].contains("<eval>") && !found[0].contains("\\n("), "{found:?}");
    }
    // An error of syntax that the author's own code meets has no place in the template.
    let found = failures("a: \"${{ JSON.parse('{') }}\"\n");
    assert!(found[0].contains("SyntaxError") && !found[0].contains("of the template)"), "{found:?}");
}

#[test]
fn a_brace_begins_a_block_as_in_zowe_and_a_mapping_where_there_is_no_other_way_to_read_it() {
    let configuration =
        load("a: \"${{ {x: 1} }}\"\nb: \"${{ {x: 1, y: 2} }}\"\nc: \"${{ ({x: 1}) }}\"\nd: \"${{ { const x = 3; x } }}\"\n");
    assert_eq!(*configuration.base(), json!({"a": 1, "b": {"x": 1, "y": 2}, "c": {"x": 1}, "d": 3}));
    let told: Vec<String> = configuration.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(told.iter().filter(|text| text.contains("write ({ ... }) for a mapping")).count(), 1, "{told:?}");
    assert!(told.iter().any(|text| text.contains(":1:4: a: the template") && text.contains("gives 1")), "{told:?}");
}

#[test]
fn names_that_templates_declare_are_those_of_one_script_as_in_zowe() {
    let value = evaluated("a: \"${{ const x = 1; x }}\"\nb: \"${{ x + 1 }}\"\nc: \"${{ const x = 5; x }}\"\nd: \"${{ x }}\"\n");
    assert_eq!(value, json!({"a": 1, "b": 2, "c": 5, "d": 1}));
}

#[test]
fn all_that_fail_are_reported_where_they_stand_and_what_depends_on_them_is_not() {
    let found = failures("a: \"${{ nosuch.deeper }}\"\nb: \"${{ c }}\"\nc: \"${{ (() => { throw 'boom' })() }}\"\nd: \"${{ ) }}\"\n");
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found[0].contains("0.yaml:1:4") && found[0].contains("ReferenceError"), "{found:#?}");
    assert!(found[1].contains("0.yaml:3:4") && found[1].contains("boom"), "{found:#?}");
    assert!(found[2].contains("0.yaml:4:4") && found[2].contains("SyntaxError"), "{found:#?}");
}

#[test]
fn a_template_in_single_quotes_is_an_error_and_in_a_block_a_warning() {
    assert!(matches!(load_texts(&["a: '${{ 1 }}'\n"], "x"), Err(LoadError::Sources(problems)) if problems[0].to_string().contains(":1:4")));
    let block = load("a: |\n  ${{ 1 }}\n");
    assert_eq!(*block.base(), json!({"a": "${{ 1 }}\n"}));
    assert!(block.warnings.iter().any(|warning| warning.text.contains("block scalar")));
}

#[test]
fn what_is_no_value_is_null_with_a_warning() {
    let configuration = load("a: \"${{ undefined }}\"\nb: \"${{ () => 1 }}\"\nc: \"${{ 0/0 }}\"\n");
    assert_eq!(*configuration.base(), json!({"a": null, "b": null, "c": null}));
    let words = ["undefined", "function", "NaN"];
    assert!(
        words.iter().all(|word| configuration.warnings.iter().any(|warning| warning.text.contains(word))),
        "{:?}",
        configuration.warnings
    );
}

#[test]
fn an_arrow_function_may_be_called_without_parentheses() {
    let value =
        evaluated("a: \"${{ () => { if (true) { return ')(' } else { return '' } }() }}\"\nb: \"${{ x => { return x * 2 }(21) }}\"\n");
    assert_eq!(value, json!({"a": ")(", "b": 42}));
    assert_eq!(evaluated("a: \"${{ function f() { return 7 }; f() }}\"\n"), json!({"a": 7}));
}

#[test]
fn the_helpers_answer_and_nothing_else_of_the_system_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let real = directory.path().canonicalize().unwrap().join("real");
    std::fs::create_dir(&real).unwrap();
    let link = directory.path().join("link");
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let path = directory.path().join("zowe.yaml");
    let text = format!(
        "p: \"${{{{ os.realpath('{}')[0] }}}}\"\ne: \"${{{{ os.realpath('/no/such')[1] }}}}\"\ns: \"${{{{ zos.resolveSymbol('&SITE.') }}}}\"\nn: \"${{{{ zos.resolveSymbol('&SYSNAME') }}}}\"\nh: \"${{{{ std.getenv('ZWELNCH_NO_SUCH_VARIABLE') === undefined }}}}\"\nv: \"${{{{ zos.getZosVersion() }}}}\"\nm: \"${{{{ zos.getEsm() }}}}\"\nx: \"${{{{ typeof std.open + typeof os.exec + typeof require + typeof fetch }}}}\"\n",
        link.display()
    );
    std::fs::write(&path, text).unwrap();
    let mut platform = FakePlatform::default();
    platform.symbols.insert("SITE".into(), "HQ".into());
    let request = LoadRequest { sources: &[Source::File(path)], ha_instance: &instance("x"), platform: &platform };
    let value = Configuration::load(&request).unwrap().base().clone();
    let undefined = "undefined".repeat(4);
    let expected = json!({"p": real, "e": 2, "s": "HQ", "n": "LPAR1.EXAMPLE.COM", "h": true, "v": 0, "m": "NONE", "x": undefined});
    assert_eq!(value, expected);
}

#[test]
fn an_endless_loop_ends_after_two_seconds_of_cpu_time_and_is_named() {
    let found = failures("a: \"${{ b }}\"\nb: \"${{ (() => { for (;;) { try { for (;;) ; } catch (e) { } } })() }}\"\nc: \"${{ 1 }}\"\n");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("0.yaml:2:4") && found[0].contains("2 s of CPU time"), "{found:?}");
}

#[test]
fn runaway_memory_and_recursion_are_errors() {
    let found = failures("a: \"${{ (() => { const l = []; for (;;) l.push(new Array(1000).fill(1)) })() }}\"\n");
    assert!(found[0].contains("memory") && !found[0].contains("CPU"), "{found:?}");
    let found = failures("a: \"${{ (function f() { return f() })() }}\"\nb: \"${{ 10n }}\"\nc: \"${{ a.b }}\"\n");
    assert!(found[0].contains("stack"), "{found:?}");
    assert!(found[1].contains("BigInt"), "{found:?}");
}

#[test]
fn a_secret_is_not_shown_in_an_error() {
    for expression in [
        "nosuch('hunter2')",
        "hunter2",
        "hunter2 +",
        "(() => { throw 'hunter2' })()",
        "(() => { throw new Error('hunter2') })()",
        "null.hunter2",
        "hunter2.x y",
        "'hunter2",
        "hunter2 }",
    ] {
        for text in [format!("password: \"${{{{ {expression} }}}}\"\n"), format!("secrets:\n  a: [ \"x${{{{ {expression} }}}}\"]\n")] {
            let found = failures(&text);
            assert!(!found.is_empty() && found.iter().all(|text| !text.contains("hunter2")), "{text}: {found:?}");
        }
    }
    assert!(failures("password: \"${{ hunter2 }}\"\n")[0].contains("fails: ReferenceError"));
    assert!(failures("password: \"${{ token }}\"\ntoken: \"${{ password }}\"\n")[0].contains("in a circle: "));
}

#[test]
fn globals_of_the_language_cannot_be_broken_by_keys() {
    assert_eq!(evaluated("JSON: 1\nObject: 2\nundefined: 3\n__proto__: {x: 4}\nos: 5\na: \"${{ Object + JSON }}\"\n")["a"], json!(3));
}

#[test]
fn a_template_is_split_at_its_own_end() {
    let expression = |text: &str| Part::Expression(text.into());
    assert_eq!(split("${{ {a:{b:1}} }}").unwrap(), [expression(" {a:{b:1}} ")]);
    assert_eq!(split("a ${{ '}}' }} b").unwrap(), [Part::Text("a ".into()), expression(" '}}' "), Part::Text(" b".into())]);
    assert_eq!(split("${{ x.replace(/'/g, 1) }}").unwrap(), [expression(" x.replace(/'/g, 1) ")]);
    assert!(split("${{ 1 + ").is_err());
}

#[test]
fn the_runtime_directory_may_be_a_template_and_brings_its_defaults() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("files")).unwrap();
    std::fs::write(directory.path().join("files/defaults.yaml"), "zowe: {fromDefaults: 1, cookie: 2}\n").unwrap();
    let text = format!("zowe: {{runtimeDirectory: \"${{{{ site.home }}}}\", cookie: 3}}\nsite: {{home: {}}}\n", directory.path().display());
    let configuration = load(&text);
    assert_eq!(configuration.get(&["zowe", "fromDefaults"]), Some(&json!(1)));
    assert_eq!(configuration.get(&["zowe", "cookie"]), Some(&json!(3)));
    assert_eq!(configuration.source_names().len(), 2);
    assert!(configuration.place(&["zowe", "fromDefaults"]).to_string().contains("files/defaults.yaml:1:"));
}
