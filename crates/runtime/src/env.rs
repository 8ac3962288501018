//! The environment, read once into one small struct per concern.
//!
//! An empty variable counts as not set, and hides the one of that name in `.env`.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use store::World;

use crate::log::LogEnv;
use crate::telemetry::MetricsEnv;
use crate::vendor::{self, VENDORS, VendorEnv};
use crate::{config, dotenv, known};

/// Everything that the environment decides.
#[derive(Clone, Debug)]
pub struct Env {
    /// Which database.
    pub database: DatabaseEnv,
    /// Where the private PostgreSQL lives.
    pub home: HomeEnv,
    /// How logs are written.
    pub log: LogEnv,
    /// Where the daemons show their metrics and their health.
    pub metrics: MetricsEnv,
    /// `CROSSFEED_WORLD`: what kind of data this is, whatever the addresses look like.
    pub world: Option<World>,
    /// `CROSSFEED_CONFIG`, else the nearest `sources-config`; none where there is none.
    pub sources_config: Option<PathBuf>,
    /// `DATA_API_KEY`: the key that readers of the REST API must show.
    pub data_api_key: Option<SecretString>,
    /// `CROSSFEED_CLOCK`: the socket of a clock server that gives a simulated time.
    pub clock: Option<PathBuf>,
    /// The `.env` that was read.
    pub dotenv: Option<PathBuf>,
    /// Variables that look like ours and mean nothing to anybody ([`crate::known_variables`]).
    pub strangers: Vec<String>,
    /// Whether systemd started this very process.
    pub under_systemd: bool,
    vendors: BTreeMap<&'static str, VendorEnv>,
}

/// Which database.
#[derive(Clone, Debug, Default)]
pub struct DatabaseEnv {
    /// `DATABASE_URL`.
    pub url: Option<SecretString>,
    /// `DATABASE_READ_URL`: a replica for readers.
    pub read_url: Option<SecretString>,
}

/// Where the private PostgreSQL lives.
#[derive(Clone, Debug, Default)]
pub struct HomeEnv {
    /// `CROSSFEED_HOME`, else `.crossfeed` beside the nearest `sources-config`.
    pub home: PathBuf,
    /// `CROSSFEED_PG_BIN`.
    pub pg_bin: Option<PathBuf>,
    /// `PATH`.
    pub search_path: Option<OsString>,
}

/// One thing that is wrong with the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Variable or file.
    pub name: String,
    /// What is wrong and what would be right; never the value of a secret.
    pub what: String,
}

impl Problem {
    pub(crate) fn new(name: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            what: what.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.what)
    }
}

/// All that is wrong with the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadEnvironment(pub Vec<Problem>);

impl fmt::Display for BadEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the environment is wrong")?;
        for problem in &self.0 {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for BadEnvironment {}

impl Env {
    /// Reads the process environment and the nearest `.env` above the working folder.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn load() -> Result<Self, BadEnvironment> {
        match Self::load_readable()? {
            (env, problems) if problems.is_empty() => Ok(env),
            (_, problems) => Err(BadEnvironment(problems)),
        }
    }

    /// Reads as much of it as can be read, as if what is wrong were not set, and says what is wrong: for
    /// who tells at once what is wrong elsewhere. Nothing is begun with an environment that has problems.
    ///
    /// # Errors
    /// Where nothing can be read, because there is no working folder.
    pub fn load_readable() -> Result<(Self, Vec<Problem>), BadEnvironment> {
        let cwd = std::env::current_dir().map_err(|error| {
            BadEnvironment(vec![Problem::new("working folder", error.to_string())])
        })?;
        Ok(Self::readable_from_parts(std::env::vars_os(), &cwd))
    }

    /// Reads the given variables and the nearest `.env` above `cwd`.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn from_parts(
        process: impl IntoIterator<Item = (OsString, OsString)>,
        cwd: &Path,
    ) -> Result<Self, BadEnvironment> {
        match Self::readable_from_parts(process, cwd) {
            (env, problems) if problems.is_empty() => Ok(env),
            (_, problems) => Err(BadEnvironment(problems)),
        }
    }

    fn readable_from_parts(
        process: impl IntoIterator<Item = (OsString, OsString)>,
        cwd: &Path,
    ) -> (Self, Vec<Problem>) {
        let dotenv = dotenv::find(cwd);
        let mut vars = Vars::new(process, dotenv.as_deref());
        let env = Self {
            database: DatabaseEnv {
                url: vars.database_url("DATABASE_URL"),
                read_url: vars.database_url("DATABASE_READ_URL"),
            },
            home: HomeEnv {
                home: vars
                    .path("CROSSFEED_HOME", cwd)
                    .unwrap_or_else(|| local_postgres::find_home(cwd)),
                pg_bin: vars.path("CROSSFEED_PG_BIN", cwd),
                search_path: vars.raw("PATH").cloned(),
            },
            log: LogEnv::read(&mut vars),
            metrics: MetricsEnv::read(&mut vars),
            world: vars.parsed("CROSSFEED_WORLD", "simulated or live", |text| match text {
                "simulated" => Some(World::Simulated),
                "live" => Some(World::Live),
                _ => None,
            }),
            sources_config: vars
                .path("CROSSFEED_CONFIG", cwd)
                .or_else(|| config::find_sources_config(cwd)),
            data_api_key: vars.secret("DATA_API_KEY"),
            clock: vars.path("CROSSFEED_CLOCK", cwd),
            strangers: vars.strangers(),
            under_systemd: under_systemd(&mut vars),
            vendors: VENDORS
                .map(|name| (name, vendor::read(name, &mut vars)))
                .into(),
            dotenv,
        };
        (env, vars.problems)
    }

    /// Returns what is set for one of [`VENDORS`]; nothing is set for any other name.
    pub fn vendor(&self, name: &str) -> VendorEnv {
        self.vendors.get(name).cloned().unwrap_or_default()
    }
}

/// systemd names the process it started. A desktop's terminals and CI runners inherit its
/// `INVOCATION_ID`, so that alone says little where the newer variable is there.
fn under_systemd(vars: &mut Vars) -> bool {
    if vars.text("INVOCATION_ID").is_none() {
        return false;
    }
    let Some(started) = vars.text("SYSTEMD_EXEC_PID") else {
        return true;
    };
    let ours = [std::process::id(), std::os::unix::process::parent_id()];
    ours.iter().any(|pid| pid.to_string() == started)
}

/// Variables by name, with what was found wrong while reading them.
#[derive(Debug)]
pub(crate) struct Vars {
    values: BTreeMap<String, OsString>,
    /// Variables that the file says, and the folder that it lies in.
    from_file: Option<(BTreeSet<String>, PathBuf)>,
    pub(crate) problems: Vec<Problem>,
}

impl Vars {
    fn new(process: impl IntoIterator<Item = (OsString, OsString)>, dotenv: Option<&Path>) -> Self {
        let mut problems = Vec::new();
        let mut values = BTreeMap::new();
        if let Some(file) = dotenv {
            for (name, value) in dotenv::read(file, &mut problems) {
                values.entry(name).or_insert_with(|| OsString::from(value));
            }
        }
        let mut named_by_file: BTreeSet<String> = values.keys().cloned().collect();
        for (name, value) in process {
            if let Ok(name) = name.into_string() {
                named_by_file.remove(&name);
                values.insert(name, value);
            }
        }
        values.retain(|_, value| !value.is_empty());
        let folder = dotenv.and_then(Path::parent).map(Path::to_owned);
        Self {
            values,
            from_file: folder.map(|folder| (named_by_file, folder)),
            problems,
        }
    }

    fn strangers(&self) -> Vec<String> {
        let names = self.values.keys().filter(|name| known::is_stranger(name));
        names.cloned().collect()
    }

    pub(crate) fn raw(&self, name: &str) -> Option<&OsString> {
        self.values.get(name)
    }

    /// Returns every variable whose name begins with `prefix`, by the rest of its name.
    pub(crate) fn beginning_with(&self, prefix: &str) -> BTreeMap<String, String> {
        self.values
            .iter()
            .filter_map(|(name, value)| {
                let rest = name.strip_prefix(prefix)?;
                Some((rest.to_owned(), value.to_str()?.trim().to_owned()))
            })
            .collect()
    }

    /// Returns a variable without the blanks around it.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        let value = self.values.get(name)?;
        let Some(text) = value.to_str() else {
            self.problems.push(Problem::new(name, "is no UTF-8"));
            return None;
        };
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Returns what `read` makes of a variable, lower-cased; else notes that it must be `expected`.
    pub(crate) fn parsed<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(name)?;
        let value = read(&text.to_lowercase());
        if value.is_none() {
            self.problems
                .push(Problem::new(name, format!("{text:?} is not {expected}")));
        }
        value
    }

    pub(crate) fn secret(&mut self, name: &str) -> Option<SecretString> {
        self.text(name).map(SecretString::from)
    }

    /// A relative path is meant from where it is said: the file's folder, or the working folder.
    fn path(&self, name: &str, cwd: &Path) -> Option<PathBuf> {
        let base = match &self.from_file {
            Some((names, folder)) if names.contains(name) => folder,
            _ => cwd,
        };
        self.raw(name).map(|path| base.join(path))
    }

    /// The parser's own message may quote a piece of the address, so it is not passed on.
    fn database_url(&mut self, name: &str) -> Option<SecretString> {
        let text = self.text(name)?;
        if text.parse::<tokio_postgres::Config>().is_err() {
            let form = "is no address of a PostgreSQL: postgres://user:password@host:5432/database, \
                        with %-escapes for special characters";
            self.problems.push(Problem::new(name, form));
            return None;
        }
        Some(SecretString::from(text))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::LogFormat;

    fn load(vars: &[(&str, &str)], dotenv: &str) -> Result<Env, BadEnvironment> {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(folder.path().join(".env"), dotenv).unwrap();
        let vars = vars.iter().map(|(name, value)| (name.into(), value.into()));
        Env::from_parts(vars, &deep)
    }

    #[test]
    fn what_looks_like_ours_and_is_read_by_nobody_is_named() {
        let vars = [
            ("COINGECKO_PLN", "demo"),
            ("VELOCITY", "9"),
            ("VELO_PLAN", "annual"),
        ];
        let env = load(&vars, "crossfeed_home=/x\nVELO_KEY=\n").unwrap();
        assert_eq!(env.strangers, ["COINGECKO_PLN", "crossfeed_home"]);
    }

    #[test]
    fn process_wins_over_the_file_and_empty_means_not_set() {
        let dotenv = "\u{feff}DATABASE_URL=postgres://a:b@c/d\nVELO_API_KEY=from-file\n\
                      COINGECKO_API_KEY='from $file'\nCROSSFEED_LOG=json\nDATA_API_KEY=\n";
        let vars = [("VELO_API_KEY", "from-process"), ("DATABASE_URL", "")];
        let env = load(&vars, dotenv).unwrap();
        assert!(env.database.url.is_none());
        assert!(env.data_api_key.is_none());
        assert_eq!(env.log.format, LogFormat::Json);
        let key = |name| env.vendor(name).api_key.unwrap().expose_secret().to_owned();
        assert_eq!(key("velo"), "from-process");
        assert_eq!(key("coingecko"), "from $file");
        assert!(env.vendor("artemis").api_key.is_none());
    }

    #[test]
    fn all_problems_come_at_once_and_hold_no_secret() {
        let vars = [
            ("CROSSFEED_LOG", "xml"),
            ("CROSSFEED_WORLD", "real"),
            ("CROSSFEED_INGESTD_METRICS_ADDR", "9750"),
            ("CROSSFEED_APID_METRICS_ADDR", "localhost"),
            ("RUST_LOG", "a=b=c"),
            ("VELO_RPM", "0"),
            ("COINGECKO_BASE_URL", "localhost:9000/hunter2"),
            ("DATABASE_URL", "postgres://me:hunter2?x@host/db?hunter2=3"),
        ];
        let error = load(&vars, "ARTEMIS_API_KEY=\"hunter2\nnonsense hunter2\n").unwrap_err();
        let names: Vec<_> = error
            .0
            .iter()
            .map(|problem| problem.name.as_str())
            .collect();
        for (name, _) in vars {
            assert!(names.contains(&name), "{name}: {error}");
        }
        assert!(names.iter().any(|name| name.ends_with(".env")), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }

    #[test]
    fn debug_shows_no_secret() {
        let vars = [
            ("DATABASE_URL", "postgres://me:hunter2@host/db"),
            ("COINGECKO_API_KEY", "hunter2"),
            ("COINGECKO_SECOND_KEY", "hunter2"),
            ("DATA_API_KEY", "hunter2"),
        ];
        let env = load(&vars, "").unwrap();
        assert_eq!(
            env.vendor("coingecko").lookup("second_key"),
            Some("hunter2")
        );
        let shown = format!("{env:?} {:?}", env.vendor("coingecko"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn systemd_is_the_parent_or_nobody_says_so() {
        let under = |vars: &[(&str, &str)]| load(vars, "").unwrap().under_systemd;
        let ours = std::process::id().to_string();
        assert!(!under(&[]));
        assert!(under(&[("INVOCATION_ID", "1")]));
        assert!(under(&[
            ("INVOCATION_ID", "1"),
            ("SYSTEMD_EXEC_PID", &ours)
        ]));
        assert!(!under(&[("INVOCATION_ID", "1"), ("SYSTEMD_EXEC_PID", "1")]));
    }

    #[test]
    fn relative_paths_are_meant_from_where_they_are_said() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        let text = "CROSSFEED_HOME=home\nCROSSFEED_CONFIG=config\nCROSSFEED_PG_BIN=../bin\n\
                    CROSSFEED_CLOCK=/run/clock\n";
        std::fs::write(folder.path().join(".env"), text).unwrap();
        let env = Env::from_parts([("CROSSFEED_CONFIG".into(), "mine".into())], &deep).unwrap();
        assert_eq!(env.home.home, folder.path().join("home"));
        assert_eq!(env.home.pg_bin, Some(folder.path().join("../bin")));
        assert_eq!(env.clock, Some("/run/clock".into()));
        assert_eq!(env.sources_config, Some(deep.join("mine")));
    }

    #[test]
    fn home_and_config_are_found_upwards() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a");
        std::fs::create_dir_all(&deep).unwrap();
        let config = folder.path().join("sources-config");
        std::fs::create_dir(&config).unwrap();
        let env = Env::from_parts([], &deep).unwrap();
        assert_eq!(env.sources_config, Some(config));
        assert_eq!(env.home.home, folder.path().join(".crossfeed"));
        let set = [("CROSSFEED_HOME", "x"), ("CROSSFEED_CONFIG", "/y")];
        let set = set.map(|(name, value)| (name.into(), value.into()));
        let env = Env::from_parts(set, &deep).unwrap();
        assert_eq!(env.sources_config, Some("/y".into()));
        assert_eq!(env.home.home, deep.join("x"));
    }
}
