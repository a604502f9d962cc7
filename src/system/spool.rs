//! The spool does not grow without end: directories of jobs that have ended are removed by rule.
//!
//! What is removed is what a START has made, `spool/<JOBNAME>.<STCnnnnn>`, of this system's owner or ours. A job lives as long as it has an
//! entry, and as long as any process has its output open: the initiator holds a lock on it, which everybody shares who has inherited it.

use super::hardcopy::lock_at_once;
use super::limits::SpoolLimits;
use super::{SystemDirectory, in_words};
use crate::platform::files::{FileKind, entries, kind, unless_missing};
use crate::platform::names::is_name;
use nix::libc;
use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What has changed within this time, in seconds, stays: its job may be just being started.
const YOUNG: i64 = 60;

/// More files than any job has in its directory; the rest are not counted.
const FILES_LIMIT: usize = 1000;

/// The directory of a job that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ended {
    path: PathBuf,
    job_name: String,
    /// Seconds since 1970 when the job wrote for the last time.
    last: i64,
    bytes: u64,
}

/// Pure: those that are to be removed. The last one stays, and of each job name the last one whatever its age.
fn surplus(mut ended: Vec<Ended>, limits: SpoolLimits, now: i64) -> Vec<PathBuf> {
    ended.sort_by(|one, other| (other.last, &other.path).cmp(&(one.last, &one.path)));
    let (mut bytes, mut names, mut kept, mut surplus) = (0_u64, HashSet::new(), 0, Vec::new());
    for job in ended {
        let is_last_of_name = names.insert(job.job_name.clone());
        let is_old = job.last < now.saturating_sub(i64::from(limits.days) * 86_400) && !is_last_of_name;
        let is_too_much = kept > 0 && (kept >= limits.jobs || bytes.saturating_add(job.bytes) > limits.size);
        if job.last < now - YOUNG && (is_old || is_too_much) {
            surplus.push(job.path);
        } else {
            kept += 1;
            bytes = bytes.saturating_add(job.bytes);
        }
    }
    surplus
}

impl SystemDirectory {
    /// Removes what the limits leave no room for.
    ///
    /// # Errors
    /// The first thing that could not be removed or looked at, with the path in words; the others are removed.
    pub fn shorten_spool(&self) -> io::Result<()> {
        let limits = self.limits().0.spool;
        let mut worst = Ok(());
        let mut ended = Vec::new();
        let spool = self.path().join("spool");
        for entry in entries(&spool).map_err(|error| in_words("cannot read", &spool, error))? {
            match self.ended(&entry.path()) {
                Ok(job) => ended.extend(job),
                Err(error) => worst = worst.and(Err(error)),
            }
        }
        for path in surplus(ended, limits, jiff::Timestamp::now().as_second()) {
            // Asked again, as the job may have been started meanwhile.
            let removed = match self.ended(&path) {
                Ok(Some(_)) => unless_missing(fs::remove_dir_all(&path)).map(drop).map_err(|error| in_words("cannot remove", &path, error)),
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            };
            worst = worst.and(removed);
        }
        worst
    }

    /// What is in the spool under this name, if it is the directory of a job that has ended.
    fn ended(&self, path: &Path) -> io::Result<Option<Ended>> {
        let why = |error| in_words("cannot examine", path, error);
        let Some((job_name, job_id)) = path.file_name().and_then(|name| name.to_str()?.split_once('.')) else { return Ok(None) };
        let is_id = job_id.len() == 8 && job_id.strip_prefix("STC").is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let Some(metadata) = unless_missing(fs::symlink_metadata(path)).map_err(why)? else { return Ok(None) };
        let owners = [fs::metadata(self.path()).map_err(why)?.uid(), crate::platform::unix::own_user()];
        if !is_name(job_name) || !is_id || kind(&metadata) != FileKind::Directory || !owners.contains(&metadata.uid()) {
            return Ok(None);
        }
        for entry in [job_id.to_owned(), format!(".ended.{job_id}")] {
            if unless_missing(fs::symlink_metadata(self.jobs_directory().join(entry))).map_err(why)?.is_some() {
                return Ok(None);
            }
        }
        let mut ended = Ended { path: path.to_owned(), job_name: job_name.to_owned(), last: metadata.mtime(), bytes: 0 };
        for file in entries(path).map_err(why)?.iter().take(FILES_LIMIT) {
            let file = file.path();
            let Some(metadata) = unless_missing(fs::symlink_metadata(&file)).map_err(why)? else { continue };
            ended.last = ended.last.max(metadata.mtime());
            ended.bytes = ended.bytes.saturating_add(metadata.len());
            if kind(&metadata) == FileKind::Regular {
                let options = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(&file);
                let Some(open) = unless_missing(options).map_err(why)? else { continue };
                if !lock_at_once(&open) {
                    return Ok(None);
                }
            }
        }
        Ok(Some(ended))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn job(name: &str, days_ago: i64, bytes: u64) -> Ended {
        let job_name = name.split('.').next().unwrap().to_owned();
        Ended { path: name.into(), job_name, last: 1000 * DAY - days_ago * DAY, bytes }
    }

    fn removed(ended: &[Ended], limits: SpoolLimits) -> Vec<String> {
        let mut names: Vec<String> = surplus(ended.to_vec(), limits, 1000 * DAY).iter().map(|path| path.display().to_string()).collect();
        names.sort();
        names
    }

    #[test]
    fn by_age_by_number_and_by_size_and_never_the_last() {
        let all = [job("A.1", 50, 10), job("A.2", 40, 10), job("B.3", 35, 10), job("A.4", 3, 10), job("A.5", 2, 10), job("A.6", 1, 10)];
        let wide = SpoolLimits { size: 1000, jobs: 100, days: 30 };
        assert_eq!(removed(&all, wide), ["A.1", "A.2"], "the last of B stays, whatever its age");
        assert_eq!(removed(&all, SpoolLimits { days: 100, ..wide }), [""; 0]);
        assert_eq!(removed(&all, SpoolLimits { jobs: 2, ..wide }), ["A.1", "A.2", "A.4", "B.3"]);
        assert_eq!(removed(&all, SpoolLimits { size: 25, ..wide }), ["A.1", "A.2", "A.4", "B.3"]);
        assert_eq!(removed(&all, SpoolLimits { size: 0, ..wide }).len(), 5, "the last one stays, however large it is");
        assert_eq!(removed(&[job("A.1", 0, 9), job("A.2", 0, 9)], SpoolLimits { jobs: 1, ..wide }), [""; 0], "what is young stays");
    }

    #[test]
    fn only_directories_of_jobs_that_have_ended_are_removed() {
        let place = tempfile::tempdir().unwrap();
        let system = SystemDirectory::open(Some(&place.path().join("sys"))).unwrap();
        fs::write(system.path().join("LIMITS"), "SPOOL JOBS 1 SIZE 0\n").unwrap();
        let old = std::time::SystemTime::now() - std::time::Duration::from_secs(1000);
        let make = |name: &str| {
            let path = system.path().join("spool").join(name);
            fs::create_dir(&path).unwrap();
            let file = fs::File::create(path.join("SYSPRINT")).unwrap();
            file.set_modified(old).unwrap();
            fs::File::open(&path).unwrap().set_modified(old).unwrap();
            (path, file)
        };
        let ended = ["A.STC00001", "A.STC00002", "A.STC00003"].map(|name| make(name).0);
        let others = ["A.STC00004", "A.STC00005", "mine", "A.STC1", "a.STC00008"].map(|name| make(name).0);
        system.create_job_directory("STC00004").unwrap();
        fs::create_dir(system.jobs_directory().join(".ended.STC00005")).unwrap();
        // Its initiator was killed and its entry removed, but somebody still writes to it.
        let (orphaned, file) = make("A.STC00006");
        assert!(lock_at_once(&file));
        let elsewhere = place.path().join("elsewhere");
        fs::rename(make("A.STC00007").0, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, system.path().join("spool/A.STC00007")).unwrap();
        system.shorten_spool().unwrap();
        assert_eq!(ended.each_ref().map(|path| path.exists()), [false, false, true]);
        assert!(others.iter().chain([&orphaned, &elsewhere]).all(|path| path.join("SYSPRINT").exists()));
    }
}
