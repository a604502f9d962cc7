use super::*;
use jiff::Timestamp;
use std::process::{Command, Stdio};

/// What a program of the system prints; None, said aloud, where it is absent.
fn asked(program: &str, arguments: &[&str], zone: &str) -> Option<String> {
    let output = Command::new(program).args(arguments).env("TZ", zone).stdin(Stdio::null()).output();
    match output {
        Ok(output) => {
            assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
            Some(String::from_utf8(output.stdout).unwrap())
        }
        Err(error) => {
            assert!(std::env::var("ZWELNCH_REQUIRE_ALL").as_deref() != Ok("1"), "{program} is required: {error}");
            eprintln!("SKIPPED: {program} is missing");
            None
        }
    }
}

fn refused(text: &str) -> String {
    Zone::named(text).err().unwrap_or_else(|| panic!("{text} is taken"))
}

#[test]
fn a_text_that_says_the_opposite_of_what_posix_takes_it_for_is_refused_with_both() {
    let opposites = [
        ("UTC+2", "+02:00", "-02:00"),
        ("UTC-5", "-05:00", "+05:00"),
        ("GMT+1", "+01:00", "-01:00"),
        ("utc+02:00", "+02:00", "-02:00"),
        ("UTC +2", "+02:00", "-02:00"),
        ("GMT+0530", "+05:30", "-05:30"),
        ("Z+1", "+01:00", "-01:00"),
        ("UTC2", "+02:00", "-02:00"),
        ("CET+1", "+01:00", "-01:00"),
        ("CET+1CEST,M3.5.0,M10.5.0/3", "+01:00", "-01:00"),
        ("EST-5EDT,M3.2.0,M11.1.0", "-05:00", "+05:00"),
        ("IST+5:30", "+05:30", "-05:30"),
        ("JST+9", "+09:00", "-09:00"),
        ("CST+8", "+08:00", "-08:00"),
        ("<+03>+3", "+03:00", "-03:00"),
    ];
    for (text, said, taken) in opposites {
        let why = refused(text);
        assert!(why.contains(&format!("by which '{text}' is {taken} from UTC")) && why.contains(&format!("write {said} or")), "{why}");
    }
}

#[test]
fn what_means_what_it_says_is_taken_and_what_may_not_is_warned_of() {
    let unread = |_: &str| Ok(None);
    for text in ["UTC", "utc", "GMT", "Z", "+00:00", "-00", "UTC+0", "GMT-0"] {
        assert_eq!(parse(text, unread).unwrap().rules, TimeZone::UTC, "{text}");
    }
    let now = Timestamp::from_second(1_780_000_000).unwrap();
    for (text, offset) in [
        ("+02:00", "+02:00"),
        ("-0930", "-09:30"),
        ("+2", "+02:00"),
        ("+14", "+14:00"),
        ("CET-1", "+01:00"),
        ("JST-9", "+09:00"),
        ("CST-8", "+08:00"),
        ("CST6", "-06:00"),
        ("<+0330>-3:30", "+03:30"),
        ("<UTC+2>-2", "+02:00"),
        ("EST5EDT,M3.2.0,M11.1.0", "-04:00"),
        ("XXX-3XXY,M3.5.0,M10.5.0/3", "+04:00"),
    ] {
        let zone = parse(text, unread).unwrap();
        assert_eq!((zone.offset(now).as_str(), zone.doubt()), (offset, None), "{text}");
    }
    for (text, offset) in [("ZZZ-12", "+12:00"), ("PST-8", "+08:00"), ("ABC+3", "-03:00"), ("ABC3", "-03:00")] {
        let zone = parse(text, unread).unwrap();
        let doubt = zone.doubt().unwrap();
        assert!(zone.offset(now) == offset && doubt.contains(text) && doubt.contains(&format!("{offset} says the same")), "{doubt}");
    }
    let etc = Zone::named("Etc/GMT+2").unwrap();
    assert!(
        etc.offset(now) == "-02:00"
            && etc.doubt().unwrap().starts_with("the sign of 'Etc/GMT+2' is that of POSIX: stamps are -02:00 from UTC")
    );
    for text in ["Europe/Berlin", "Etc/GMT-0", "GMT+0", "EST5EDT", "Etc/UTC", "europe/berlin", ":Europe/Berlin"] {
        assert_eq!(Zone::named(text).unwrap().doubt(), None, "{text}");
    }
    assert_eq!(Zone::named("Etc/UTC").unwrap().rules, TimeZone::UTC);
    for text in ["", " ", "+", "+24", "+02:60", "+1:00", "++1", "Nowhere/Nothing", "Europe", "CET-1CEST", "UTC+2+", "<", "<>1", "é", "+é1"]
    {
        assert!(parse(text, unread).is_err(), "{text}");
    }
}

#[test]
fn no_text_makes_it_fail_otherwise_than_by_an_error() {
    proptest::proptest!(|(text in "[A-Za-z<>+,:/0-9.é -]{0,12}")| {
        let _ = parse(&text, |_| Ok(None));
    });
}

#[test]
fn a_zone_file_that_is_none_or_cannot_be_read_is_said() {
    let file = |_: &str| Ok(Some(ZoneFile { path: "/zones/Odd".into(), bytes: b"TZif, but not".to_vec() }));
    let why = parse("Odd", file).unwrap_err();
    assert!(why.starts_with("/zones/Odd is no time zone file that can be read: "), "{why}");
    assert_eq!(parse("EST5", |_| Err("cannot be read".to_owned())).unwrap_err(), "cannot be read");
}

/// Zones of every kind, through the years' changes: what `date` makes of them is what stamps say.
#[test]
fn stamps_are_those_of_date() {
    let mut zones = vec![
        ("Europe/Berlin", "Europe/Berlin"),
        ("America/New_York", "America/New_York"),
        ("America/St_Johns", "America/St_Johns"),
        ("Asia/Kolkata", "Asia/Kolkata"),
        ("Asia/Kathmandu", "Asia/Kathmandu"),
        ("Australia/Lord_Howe", "Australia/Lord_Howe"),
        ("Pacific/Chatham", "Pacific/Chatham"),
        ("Africa/Casablanca", "Africa/Casablanca"),
        ("Etc/GMT+2", "Etc/GMT+2"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "CET-1CEST,M3.5.0,M10.5.0/3"),
        ("NZST-12NZDT,M9.5.0,M4.1.0/3", "NZST-12NZDT,M9.5.0,M4.1.0/3"),
        ("<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1"),
        ("JST-9", "JST-9"),
    ];
    zones.extend([("+05:30", "<+0530>-5:30"), ("-0930", "<-0930>9:30"), ("UTC", "UTC0")]);
    // Every 5 hours and 7 minutes around the changes of two years, and some others.
    let seconds: Vec<i64> = (0..4000).map(|step| 1_772_000_000 + step * 18_420 + step % 3_600).collect();
    let list: String = seconds.iter().map(|second| format!("@{second}\n")).collect();
    let directory = tempfile::tempdir().unwrap();
    let times = directory.path().join("times");
    std::fs::write(&times, list).unwrap();
    for (ours, theirs) in zones {
        let form = if ours == "UTC" { "+%Y-%m-%d %H:%M:%S.000" } else { "+%Y-%m-%d %H:%M:%S.000%:z" };
        let Some(stamps) = asked("date", &["-f", times.to_str().unwrap(), form], theirs) else { return };
        let zone = Zone::named(ours).unwrap();
        assert_eq!(stamps.lines().count(), seconds.len());
        for (second, stamp) in seconds.iter().zip(stamps.lines()) {
            assert_eq!(zone.stamp(Timestamp::from_second(*second).unwrap()), stamp, "{ours} at {second}");
        }
    }
}

/// Every zone that Python's own reader knows: the same offsets, twice a month, and the names of time are those of the table.
#[test]
fn every_zone_is_that_of_another_reader() {
    const PYTHON: &str = "import zoneinfo, datetime\n\
        for name in sorted(zoneinfo.available_timezones()):\n\
        \x20zone = zoneinfo.ZoneInfo(name)\n\
        \x20days = [datetime.datetime(2026, 1 + n // 2, 1 + 14 * (n % 2), tzinfo=datetime.timezone.utc) for n in range(24)]\n\
        \x20days = [day.astimezone(zone) for day in days]\n\
        \x20print(name, ' '.join(f'{day.tzname()}={int(day.utcoffset().total_seconds())}' for day in days))\n";
    let Some(zones) = asked("python3", &["-c", PYTHON], "UTC") else { return };
    assert!(zones.lines().count() > 400, "{zones}");
    for line in zones.lines() {
        let mut words = line.split(' ');
        let name = words.next().unwrap();
        let zone = Zone::named(name).unwrap_or_else(|why| panic!("{name}: {why}"));
        for (step, word) in words.enumerate() {
            let (called, seconds) = word.split_once('=').unwrap();
            let seconds: i32 = seconds.parse().unwrap();
            let at = jiff::civil::date(2026, i8::try_from(1 + step / 2).unwrap(), i8::try_from(1 + 14 * (step % 2)).unwrap());
            let at = at.to_zoned(TimeZone::UTC).unwrap().timestamp();
            assert_eq!(zone.rules.to_offset(at).seconds(), seconds, "{name} {at}");
            if called.bytes().all(|byte| byte.is_ascii_alphabetic()) {
                assert!(known(called).contains(&seconds), "{called} is {seconds} in {name}");
            }
        }
    }
}

#[test]
fn the_hour_that_comes_twice_can_be_told_apart() {
    let zone = Zone::named("Europe/Berlin").unwrap();
    let stamps: Vec<_> = [0, 3600].map(|later| zone.stamp(Timestamp::from_second(1_792_888_200 + later).unwrap())).into();
    assert_eq!(stamps, ["2026-10-25 02:30:00.000+02:00", "2026-10-25 02:30:00.000+01:00"]);
    let london = Zone::named("Europe/London").unwrap();
    assert!(london.stamp(Timestamp::from_second(1_792_978_200).unwrap()).ends_with(".000+00:00"));
}
