//! `versionRange` of a manifest's dependencies: the ranges of npm, whose notation Zowe's manifests use.
//!
//! `1.2.3`, `=1.2.3`, `>=1.2 <2`, `^1.2.3`, `~1.2`, `1.x`, `*`, `1.2 - 2.3`, and alternatives joined with `||`. A part that is left out or
//! `x` stands for any. A version with a pre-release part (`1.2.3-rc.1`) counts as just before the version without it.

use std::cmp::Ordering;

/// A version: three numbers, and whether a pre-release part follows. Pre-releases of one version are not told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    numbers: [u64; 3],
    pre_release: bool,
}

impl Version {
    /// None when the text is no version such as `2.0.1`, `v2.0` or `2.0.1-SNAPSHOT+5`.
    pub(super) fn parse(text: &str) -> Option<Version> {
        let partial = partial(text.trim())?;
        let numbers = [partial.numbers.first(), partial.numbers.get(1), partial.numbers.get(2)];
        let [Some(_), ..] = numbers else { return None };
        Some(Version { numbers: numbers.map(|number| number.copied().unwrap_or(0)), pre_release: partial.pre_release })
    }

    /// The version that this is a pre-release of, or itself.
    pub(super) fn released(self) -> Version {
        Version::new(self.numbers)
    }

    fn new(numbers: [u64; 3]) -> Version {
        Version { numbers, pre_release: false }
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then(other.pre_release.cmp(&self.pre_release))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// At least `from`, where there is one, and less than `below`, where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Interval {
    from: Option<Version>,
    below: Option<Version>,
}

impl Interval {
    fn holds(self, version: Version) -> bool {
        self.from.is_none_or(|from| version >= from) && self.below.is_none_or(|below| version < below)
    }
}

/// A range that was understood: alternatives, each of intervals that must all hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct VersionRange {
    alternatives: Vec<Vec<Interval>>,
}

/// The part of a text that is no range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is no range such as ^1.2.0 or >=1.2 <3", .0.escape_debug())]
pub(super) struct RangeError(pub String);

impl VersionRange {
    /// # Errors
    /// [`RangeError`].
    pub(super) fn parse(text: &str) -> Result<VersionRange, RangeError> {
        let alternatives = text.split("||").map(alternative).collect::<Result<_, _>>()?;
        Ok(VersionRange { alternatives })
    }

    /// Whether a version lies in the range.
    pub(super) fn holds(&self, version: Version) -> bool {
        self.alternatives.iter().any(|intervals| intervals.iter().all(|interval| interval.holds(version)))
    }
}

fn alternative(text: &str) -> Result<Vec<Interval>, RangeError> {
    let unknown = || RangeError(text.trim().to_owned());
    if let Some((low, high)) = text.split_once(" - ") {
        let low = partial(low.trim()).ok_or_else(unknown)?;
        let high = partial(high.trim()).ok_or_else(unknown)?;
        return Ok(vec![Interval { from: low.floor(), below: high.after() }]);
    }
    // `>= 1.2` means `>=1.2`.
    let mut words: Vec<String> = Vec::new();
    for word in text.split([' ', '\t', ',']).filter(|word| !word.is_empty()) {
        match words.last_mut() {
            Some(last) if last.chars().all(|character| "<>=^~".contains(character)) => last.push_str(word),
            _ => words.push(word.to_string()),
        }
    }
    words.iter().map(|word| comparator(word).ok_or_else(|| RangeError(word.clone()))).collect()
}

fn comparator(word: &str) -> Option<Interval> {
    let operators = ["<=", ">=", "<", ">", "=", "^", "~>", "~"];
    let operator = operators.into_iter().find(|operator| word.starts_with(operator)).unwrap_or_default();
    let version = partial(word.get(operator.len()..)?)?;
    let interval = |from, below| Some(Interval { from, below });
    match operator {
        ">=" => interval(version.floor(), None),
        // Everything after `>1.2` begins with 1.3.0.
        ">" => match version.after() {
            Some(after) => interval(Some(after), None),
            None => interval(None, Some(Version { numbers: [0; 3], pre_release: true })),
        },
        "<" => interval(None, Some(version.floor().unwrap_or(Version { numbers: [0; 3], pre_release: true }))),
        "<=" => interval(None, version.after()),
        "^" => interval(version.floor(), version.next_incompatible()),
        "~" | "~>" => interval(version.floor(), version.raised(version.numbers.len().min(2))),
        _ => interval(version.floor(), version.after()),
    }
}

/// A version whose last parts may be left out.
#[derive(Debug)]
struct Partial {
    /// At most three.
    numbers: Vec<u64>,
    pre_release: bool,
}

impl Partial {
    fn filled(&self) -> [u64; 3] {
        [0, 1, 2].map(|index| self.numbers.get(index).copied().unwrap_or(0))
    }

    /// The least version it stands for; None for `*`.
    fn floor(&self) -> Option<Version> {
        if self.numbers.is_empty() { None } else { Some(Version { numbers: self.filled(), pre_release: self.pre_release }) }
    }

    /// The least version after all it stands for; None for `*`.
    fn after(&self) -> Option<Version> {
        if self.pre_release {
            return Some(Version::new(self.filled()));
        }
        self.raised(self.numbers.len())
    }

    /// The least version, pre-releases included, whose first `count` numbers are greater; None for `*`.
    fn raised(&self, count: usize) -> Option<Version> {
        let index = count.checked_sub(1)?;
        let mut numbers = [0; 3];
        for (at, number) in self.filled().into_iter().enumerate().take(count) {
            if let Some(place) = numbers.get_mut(at) {
                *place = if at == index { number.saturating_add(1) } else { number };
            }
        }
        Some(Version { numbers, pre_release: true })
    }

    /// What `^` excludes: the next change of the first number that is not 0.
    fn next_incompatible(&self) -> Option<Version> {
        let first = self.numbers.iter().position(|number| *number > 0).map_or(self.numbers.len(), |index| index + 1);
        self.raised(first)
    }
}

fn partial(text: &str) -> Option<Partial> {
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let without_build = text.split_once('+').map_or(text, |(before, _)| before);
    let (numbers, suffix) = match without_build.split_once('-') {
        Some((numbers, suffix)) => (numbers, Some(suffix)),
        None => (without_build, None),
    };
    let suffix_is_good = |suffix: &str| !suffix.is_empty() && suffix.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
    if suffix.is_some_and(|suffix| !suffix_is_good(suffix)) {
        return None;
    }
    let mut found = Vec::new();
    let mut open = false;
    let mut count = 0;
    for part in numbers.split('.') {
        count += 1;
        if matches!(part, "x" | "X" | "*") {
            open = true;
        } else if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        } else if !open {
            found.push(part.parse().ok()?);
        }
    }
    if count > 3 { None } else { Some(Partial { pre_release: suffix.is_some() && found.len() == 3, numbers: found }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holds(range: &str, version: &str) -> bool {
        VersionRange::parse(range).unwrap().holds(Version::parse(version).unwrap())
    }

    #[test]
    fn ranges_hold_as_in_npm() {
        let table = [
            ("^1.2.3", &["1.2.3", "1.9.0"][..], &["1.2.2", "2.0.0", "2.0.0-rc.1", "1.2.3-rc.1"][..]),
            ("^0.2.3", &["0.2.3", "0.2.9"], &["0.3.0", "0.2.2"]),
            ("^0.0.3", &["0.0.3"], &["0.0.4"]),
            ("~1.2.3", &["1.2.3", "1.2.9"], &["1.3.0", "1.2.2"]),
            ("~1", &["1.0.0", "1.9.9"], &["2.0.0"]),
            (">=2.0.0", &["2.0.0", "9.0.0"], &["1.9.9", "2.0.0-SNAPSHOT"]),
            (">= 1.2 < 2", &["1.2.0", "1.9.9"], &["1.1.9", "2.0.0"]),
            (">1.2", &["1.3.0"], &["1.2.9", "1.2.0"]),
            (">1.2.3", &["1.2.4", "2.0.0"], &["1.2.3", "1.2.2"]),
            ("<=1.2.3", &["1.2.3", "0.1.0"], &["1.2.4"]),
            ("1.x || 3.1.*", &["1.0.0", "1.5.0", "3.1.7"], &["2.0.0", "3.2.0"]),
            ("1.2.3 - 2.3", &["1.2.3", "2.3.9"], &["2.4.0", "1.2.2"]),
            ("*", &["0.0.0", "7.0.0"], &[]),
            ("", &["0.0.0", "7.0.0"], &[]),
            ("=v2.1.0", &["2.1.0"], &["2.1.1"]),
            ("<*", &[], &["0.0.0", "1.0.0"]),
        ];
        for (range, inside, outside) in table {
            inside.iter().for_each(|version| assert!(holds(range, version), "{version} in {range}"));
            outside.iter().for_each(|version| assert!(!holds(range, version), "{version} not in {range}"));
        }
    }

    #[test]
    fn what_is_no_range_is_named() {
        for (text, part) in [("^1.2.3.4", "^1.2.3.4"), ("latest", "latest"), (">=1.0 && <2", "&&"), ("1..2", "1..2"), ("1.2-", "1.2-")] {
            assert_eq!(VersionRange::parse(text).unwrap_err(), RangeError(part.to_owned()));
        }
        assert_eq!(Version::parse("*"), None);
        assert!(Version::parse("2.0.1-SNAPSHOT+5").unwrap() < Version::parse("2.0.1").unwrap());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[0-9.x*^~<>=|v, +-]{0,24}", version in "[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}") {
            if let Ok(range) = VersionRange::parse(&text) {
                range.holds(Version::parse(&version).unwrap());
            }
        }

        #[test]
        fn a_caret_range_is_between_two_bounds(major in 1u64..5, minor in 0u64..5, patch in 0u64..5, other in (0u64..6, 0u64..6, 0u64..6)) {
            let version = Version::new([other.0, other.1, other.2]);
            let expected = other.0 == major && (other.1, other.2) >= (minor, patch);
            prop_assert_eq!(VersionRange::parse(&format!("^{major}.{minor}.{patch}")).unwrap().holds(version), expected);
        }
    }
}
